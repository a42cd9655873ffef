// Long prompts in a whole daemon with the native engine: what is fed in parts between others' steps answers as if it had
// been alone, and so do the others.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Daemon } from '../../src/daemon.js';
import { CHECKPOINT_SHAPES, checkpointPieces } from '../../tools/checkpoint-writer.js';
import { ask, type CollectingSink, startTestDaemon, stopTestDaemon } from './test-daemon.js';

jest.setTimeout(60_000);

describe.each(['thread', 'process'] as const)('long prompts, the engine in a %s', (isolation) => {
  let folder: string;
  let daemon: Daemon | null = null;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'codexpc-prompts-'));
    const pieces = checkpointPieces(CHECKPOINT_SHAPES.tiny, 1);
    writeFileSync(join(folder, 'tiny.bin'), Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))));
  });
  afterEach(async () => {
    if (daemon !== null) await stopTestDaemon(daemon);
    daemon = null;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const start = (): Daemon => {
    daemon = startTestDaemon({
      addonModule: null,
      checkpoint: join(folder, 'tiny.bin'),
      // Scalar sums do not depend on how tokens were split into steps.
      engine: { isolation, isa: 'scalar', kvType: 'f32', maxBatchTokens: 32, maxPromptBatchTokens: 256 },
    });
    return daemon;
  };
  /** No answer of a model that knows nothing ends of itself, and none opens a message. */
  const WITHOUT_SPECIAL_TOKENS = Array.from(
    { length: 16 },
    (_, index) => [CHECKPOINT_SHAPES.tiny.numTextTokens + index, -100] as [number, number],
  );
  const LONG = 'a long story about not very much. '.repeat(25);
  const askFor = (
    at: Daemon,
    text: string,
    maxTokens: number,
  ): CollectingSink & { request: { requestId: string } } =>
    ask(at, text, {
      maxTokens,
      include: ['tokens'],
      sampling: { temperature: 0, logitBias: WITHOUT_SPECIAL_TOKENS },
    });
  const tokensOf = ({ events }: CollectingSink): readonly number[] =>
    events.flatMap((event) => (event.type === 'tokens.delta' ? event.tokens.map(({ token }) => token) : []));

  test('answers are those of an undisturbed run, whoever comes and goes', async () => {
    const alone = start();
    const expected: (readonly number[])[] = [];
    for (const [text, maxTokens] of [
      ['hello', 120],
      [`first ${LONG}`, 12],
      ['short', 12],
    ] as const) {
      const answer = askFor(alone, text, maxTokens);
      expect(await answer.ended).toMatchObject({ type: 'completed' });
      expect(tokensOf(answer)).toHaveLength(maxTokens);
      expected.push(tokensOf(answer));
    }
    await stopTestDaemon(alone);

    const crowded = start();
    const running = askFor(crowded, 'hello', 120);
    await running.until((event) => event.type === 'tokens.delta');
    const unwanted = askFor(crowded, `second ${LONG}`, 12);
    const long = askFor(crowded, `first ${LONG}`, 12);
    await unwanted.until((event) => event.type === 'progress' && event.phase === 'prefill');
    const short = askFor(crowded, 'short', 12);
    crowded.cancel(unwanted.request.requestId, 'cancelled');
    expect(await unwanted.ended).toMatchObject({ type: 'completed', finishReason: 'cancelled' });
    expect(tokensOf(unwanted)).toEqual([]);
    for (const answer of [running, long, short]) {
      expect(await answer.ended).toMatchObject({ type: 'completed' });
    }
    expect([running, long, short].map(tokensOf)).toEqual(expected);
  });
});
