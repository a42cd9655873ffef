// npm run bench:watch: what the debug stream costs. The daemon that users run, with the pocket model, four answers at a
// time: decode speed with nobody watching, with a watcher, and with one that reads texts, in turns, since a machine's
// speed drifts. What is done with nobody watching cannot be switched off, so its own time is measured by itself: on the
// tokens of an answer as a share of the time that they took to decode.
//   -- --rounds N

import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createDecoderInspection } from '../../src/actors/decoder-inspection.js';
import { createDecoderStage } from '../../src/actors/decoder-stage.js';
import { createInspector } from '../../src/actors/inspection.js';
import { createWatchers } from '../../src/actors/watchers.js';
import { type Client, connect } from '../../src/client/index.js';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import type { WatchEvent } from '../../src/ipc/protocol.js';
import { pino } from 'pino';
import { loadO200k } from '../harmony/o200k.js';

const CONCURRENT = 4;
const ANSWERS = 12;
const PROMPT = 'What is codexpc?';

const MODES = ['nobody', 'a watcher', 'a watcher with texts'] as const;
type Mode = (typeof MODES)[number];

const main = async (): Promise<void> => {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '15' } } });
  const numRounds = Number(values.rounds);
  const home = mkdtempSync(join(tmpdir(), 'codexpc-bench-'));
  const socketPath = join(home, 'run', 'codexpc.sock');
  const program = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
  const daemon = fork(program, ['daemon', '--socket', socketPath], {
    env: { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home, CODEXPC_HTTP_PORT: '0' },
    stdio: 'ignore',
  });
  try {
    const client = await reach(socketPath);
    await decodeSpeed(client); // warm
    const speeds = new Map<Mode, number[]>(MODES.map((mode) => [mode, []]));
    for (let round = 0; round < numRounds; round++)
      for (const mode of MODES) speeds.get(mode)!.push(await withWatcher(client, mode));
    const nobody = median(speeds.get('nobody')!);
    for (const mode of MODES) {
      const speed = median(speeds.get(mode)!);
      const cost = mode === 'nobody' ? '' : `, ${percent(1 - speed / nobody)} less`;
      console.log(`${mode.padEnd(22)} ${Math.round(speed)} tok/s${cost}  (${spread(speeds.get(mode)!)})`);
    }
    const perTokenUs = await unwatchedUs();
    console.log(
      `by itself, with nobody: ${perTokenUs.toFixed(3)} µs a token on the supervisor's thread, ` +
        `${percent((perTokenUs * nobody) / 1e6)} of the time of a token`,
    );
    client.close();
  } finally {
    daemon.kill();
    rmSync(home, { recursive: true, force: true });
  }
};

const withWatcher = async (client: Client, mode: Mode): Promise<number> => {
  if (mode === 'nobody') return decodeSpeed(client);
  const controller = new AbortController();
  let numEvents = 0;
  const watching = (async () => {
    const options = { signal: controller.signal, content: mode === 'a watcher with texts', history: false };
    for await (const event of client.watch(options)) numEvents += event.kind === 'dropped' ? 0 : 1;
  })();
  try {
    return await decodeSpeed(client);
  } finally {
    controller.abort();
    await watching;
    if (numEvents === 0) throw new Error('the watcher saw nothing');
  }
};

/** Tokens a second of all answers together. */
const decodeSpeed = async (client: Client): Promise<number> => {
  let numTokens = 0;
  let left = ANSWERS;
  const startedMs = performance.now();
  const worker = async (): Promise<void> => {
    while (left-- > 0) {
      const { usage } = await client
        .respond({
          items: [{ kind: 'message', role: 'user', text: PROMPT, channel: null }],
          sampling: { temperature: 0 },
        })
        .result();
      numTokens += usage.outputTokens;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, worker));
  return (1000 * numTokens) / (performance.now() - startedMs);
};

/** What following the decoder takes when nobody watches, beyond decoding itself: microseconds a token. */
const unwatchedUs = async (): Promise<number> => {
  const tokenizer = createTokenizer(loadO200k());
  const { channel, message, end, start } = tokenizer.harmony;
  const text = tokenizer.encode(
    'The engine holds the weights and the supervisor restarts it when it has crashed. '.repeat(8),
  );
  const tokens = [
    channel,
    ...tokenizer.encode('analysis'),
    message,
    ...text,
    end,
    start,
    ...tokenizer.encode('assistant'),
    channel,
    ...tokenizer.encode('final'),
    message,
    ...text,
  ];
  const nothing = (): WatchEvent => ({ kind: 'dropped', at: 0, count: 0 });
  const watchers = createWatchers({
    snapshot: nothing,
    count: () => ({ next: nothing, end: () => {} }),
    now: Date.now,
    numKept: 10_000,
  });
  const inspector = createInspector({
    logger: pino({ level: 'silent' }),
    publish: watchers.record,
    now: Date.now,
  });
  const observe = createDecoderInspection({ watchers, inspector, now: Date.now });
  const decode = (isObserved: boolean): number => {
    const decoder = createDecoderStage({
      tokenizer,
      tools: [],
      builtins: [],
      ownerOf: () => 'client',
      include: [],
      createCallId: () => '',
      onRepaired: () => {},
    });
    const observer = isObserved
      ? observe('bench')({ prompt: Uint32Array.from(text), decoder: decoder.inside, tokenizer })
      : null;
    const startedMs = performance.now();
    for (const token of tokens) {
      decoder.push(token);
      observer?.tookToken(token);
    }
    observer?.ended();
    return (1000 * (performance.now() - startedMs)) / tokens.length;
  };
  const runs = Array.from({ length: 400 }, () => [decode(false), decode(true)] as const).slice(100);
  return Math.max(0, median(runs.map(([, observed]) => observed)) - median(runs.map(([bare]) => bare)));
};

const reach = async (socketPath: string): Promise<Client> => {
  for (;;) {
    try {
      return await connect({ socketPath });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const spread = (values: readonly number[]): string =>
  `${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))} in ${values.length} rounds`;
const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

await main();
