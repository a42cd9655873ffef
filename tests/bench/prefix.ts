// npm run bench:prefix: time to the first token of a second turn at 8,000 tokens of history, against the first turn and
// against a cold engine; in the same daemon, beside a title request, and after a restart.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Daemon } from '../../src/daemon.js';
import {
  createRespond,
  isTerminal,
  type RespondOptions,
  type ResponseEvent,
} from '../../src/ipc/protocol.js';
import { startTestDaemon } from '../actors/test-daemon.js';

type Item = RespondOptions['items'][number];

const checkpoint = fileURLToPath(new URL('../../../../models/pocket/model.bin', import.meta.url));
const prefixFolder = mkdtempSync(join(tmpdir(), 'codexpc-bench-prefix-'));
const WORDS = 'the agent reads each file before it changes a line and says what it did in a short note ';
const says = (role: 'user' | 'developer', text: string): Item => ({
  kind: 'message',
  role,
  text,
  channel: null,
});

const base = says('developer', WORDS.repeat(330));
const tools = ['exec_command', 'write_stdin', 'view_image'].map((name) => ({
  kind: 'function' as const,
  name,
  description: 'Runs what it is given and returns what came out of it. '.repeat(10),
  parameters: { type: 'object', properties: { cmd: { type: 'string' } } },
  strict: false,
}));
const firstTurn = [
  base,
  says('developer', 'Permissions: read only.'),
  says('user', `${WORDS.repeat(20)} hello`),
];

const start = (): Daemon =>
  startTestDaemon({
    addonModule: new URL('../../src/actors/load-addon.js', import.meta.url).href,
    checkpoint,
    engine: {
      contextLength: 16_384,
      prefixCache: { memoryBytes: 2 ** 29, diskBytes: 2 ** 31, folder: prefixFolder, version: 'bench' },
    },
  });

const stop = async (daemon: Daemon): Promise<void> => {
  daemon.shutdown('drain');
  await daemon.stopped;
};

interface Turn {
  readonly firstTokenMs: number;
  readonly input: number;
  readonly cached: number;
  readonly answer: readonly Item[];
}

let numRequests = 0;

const ask = (daemon: Daemon, items: readonly Item[], options: Partial<RespondOptions> = {}): Promise<Turn> =>
  new Promise((resolve, reject) => {
    const answer: Item[] = [];
    const request = createRespond(`bench${++numRequests}`, {
      items,
      tools,
      maxTokens: 48,
      currentDate: '2026-01-01',
      include: ['reasoning', 'commentary'],
      sampling: { temperature: 0 },
      ...options,
    });
    const onEnd = (event: ResponseEvent): void => {
      if (event.type !== 'completed') return reject(new Error(JSON.stringify(event)));
      const { usage, timings } = event;
      resolve({
        firstTokenMs: timings.prefillMs,
        input: usage.inputTokens,
        cached: usage.cachedInputTokens,
        answer,
      });
    };
    daemon.respond(request, {
      send: (event) => {
        if (event.type === 'output_item.done' && event.item.kind === 'message') {
          answer.push({ ...event.item, role: 'assistant' });
        }
        if (isTerminal(event)) onEnd(event);
        return true;
      },
      onDrain: () => {},
    });
  });

const report = (what: string, { firstTokenMs, input, cached }: Turn, coldMs: number | null): void => {
  const share = coldMs === null ? '' : `${((100 * firstTokenMs) / coldMs).toFixed(1)}% of cold`;
  console.log(
    `${what.padEnd(44)} ${firstTokenMs.toFixed(0).padStart(7)} ms   input_tokens ${String(input).padStart(5)}   cached_tokens ${String(cached).padStart(5)}   ${share}`,
  );
};

const ended = (turn: Turn): readonly Item[] =>
  turn.answer.some((item) => item.kind === 'message' && item.channel === 'final')
    ? turn.answer
    : [...turn.answer, { kind: 'message', role: 'assistant', text: 'Done.', channel: 'final' }];

try {
  const daemon = start();
  await ask(daemon, [says('user', 'warm up')], { tools: [] });
  const first = await ask(daemon, firstTurn);
  report('turn 1, cold', first, null);
  const secondTurn = [...firstTurn, ...ended(first), says('user', 'and what is 2 + 2?')];
  const [second, title] = await Promise.all([
    ask(daemon, secondTurn),
    ask(daemon, [base, says('user', 'A title for this, please.')], { tools: [] }),
  ]);
  report('turn 2, beside a title request', second, first.firstTokenMs);
  report('the title request (no tools: another prompt)', title, null);
  const thirdTurn = [...secondTurn, ...ended(second), says('user', 'thank you')];
  const third = await ask(daemon, thirdTurn);
  report('turn 3', third, first.firstTokenMs);
  const thread = [base, says('developer', 'Permissions: all.'), says('user', 'another thread')];
  report('another thread, turn 1', await ask(daemon, thread), first.firstTokenMs);
  await stop(daemon);

  const restarted = start();
  await ask(restarted, [says('user', 'warm up')], { tools: [] });
  const resumed = [...thirdTurn, ...ended(third), says('user', 'are you still there?')];
  report('turn 4, after a restart', await ask(restarted, resumed), first.firstTokenMs);
  const later = [base, says('developer', 'Permissions: some.'), says('user', 'a later thread')];
  report('a new thread, after a restart', await ask(restarted, later), first.firstTokenMs);
  await stop(restarted);
} finally {
  rmSync(prefixFolder, { recursive: true });
}
