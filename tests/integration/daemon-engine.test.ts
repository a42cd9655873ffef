// The daemon with the native engine and a small checkpoint of random weights: what batching and prefix reuse must not
// change, to the token.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Daemon } from '../../src/daemon.js';
import { CHECKPOINT_SHAPES, checkpointPieces } from '../../tools/checkpoint-writer.js';
import { ask, type CollectingSink, startTestDaemon, stopTestDaemon } from '../actors/test-daemon.js';

describe('the daemon with the native engine', () => {
  let folder = '';
  let checkpoint = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'codexpc-engine-'));
    checkpoint = join(folder, 'small.bin');
    const pieces = checkpointPieces(CHECKPOINT_SHAPES['small'], 1);
    writeFileSync(checkpoint, Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const start = (engine: Parameters<typeof startTestDaemon>[0] = {}): Daemon =>
    startTestDaemon({ addonModule: null, checkpoint, engine: { contextLength: 4096 }, ...engine });

  const askFor = (daemon: Daemon, text: string) =>
    ask(daemon, text, { maxTokens: 24, include: ['tokens'], sampling: { temperature: 0 } });

  const tokensOf = ({ events }: CollectingSink): readonly number[] =>
    events.flatMap((event) => (event.type === 'tokens.delta' ? event.tokens.map(({ token }) => token) : []));

  const cachedOf = ({ events }: CollectingSink): number => {
    const end = events.at(-1);
    return end?.type === 'completed' ? end.usage.cachedInputTokens : -1;
  };

  test('side by side and from shared prefixes, answers are those of a cold engine alone', async () => {
    const shared = 'a beginning that they share, longer than the window of attention '.repeat(4);
    const texts = ['one', 'two', 'three', 'four', 'five', 'six'].map(
      (word, index) => shared + word.repeat(index + 1),
    );
    const cold: (readonly number[])[] = [];
    for (const text of texts) {
      const alone = start();
      const answer = askFor(alone, text);
      await answer.ended;
      cold.push(tokensOf(answer));
      await stopTestDaemon(alone);
    }
    const daemon = start();
    const together = texts.map((text) => askFor(daemon, text));
    await Promise.all(together.map(({ ended }) => ended));
    const again = texts.map((text) => askFor(daemon, text));
    await Promise.all(again.map(({ ended }) => ended));
    expect(together.map(tokensOf)).toEqual(cold);
    expect(again.map(tokensOf)).toEqual(cold);
    for (const answer of again) expect(cachedOf(answer)).toBeGreaterThan(256);
    await stopTestDaemon(daemon);
  }, 60_000); // eight daemons

  test('a second request does no work on the weights', async () => {
    const daemon = start();
    await askFor(daemon, 'hello').ended;
    const { weightsBytes, rssBytes } = daemon.status().memory;
    await askFor(daemon, 'hello again').ended;
    const after = daemon.status();
    expect(after.engine).toMatchObject({ cacheHits: 1, cacheMisses: 1, restarts: 0 });
    expect(after.memory.weightsBytes).toBe(weightsBytes);
    expect(after.memory.rssBytes / rssBytes).toBeLessThan(1.05);
    await stopTestDaemon(daemon);
  });

  test('a damaged checkpoint is refused and the engine lives on', async () => {
    const daemon = start();
    const damaged = join(folder, 'damaged.bin');
    writeFileSync(damaged, Buffer.alloc(1 << 20, 7));
    await expect(daemon.loadModel(damaged)).rejects.toMatchObject({ code: 'model_corrupt' });
    const answer = askFor(daemon, 'hello');
    expect(await answer.ended).toMatchObject({ type: 'completed' });
    expect(daemon.status().engine.restarts).toBe(0);
    await stopTestDaemon(daemon);
  });
});
