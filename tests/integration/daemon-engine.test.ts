// The daemon with the native engine and a small checkpoint of random weights: what batching and prefix reuse must not
// change, to the token.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Daemon } from '../../src/daemon.js';
import { CHECKPOINT_SHAPES, checkpointPieces } from '../../tools/checkpoint-writer.js';
import type { ResponseEvent } from '../../src/ipc/protocol.js';
import { createScriptedTools } from '../actors/fakes/scripted-tools.js';
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

  test('with top_p 0 it says the most probable tokens', async () => {
    const daemon = start();
    const greedy = askFor(daemon, 'one');
    await greedy.ended;
    const least = ask(daemon, 'one', {
      maxTokens: tokensOf(greedy).length,
      include: ['tokens'],
      sampling: { temperature: 1, topP: 0 },
    });
    expect(await least.ended).toMatchObject({ type: 'completed' });
    expect(tokensOf(least)).toEqual(tokensOf(greedy));
    await stopTestDaemon(daemon);
  });

  test('after a tool of the daemon’s own it goes on as a cold engine would from the same conversation', async () => {
    const forcedCall = { name: 'look', arguments: '{"at":"it"}' };
    const items = [{ kind: 'message', role: 'user', text: 'look '.repeat(60), channel: null }] as const;
    const options = { items, maxTokens: 60, include: ['tokens'], sampling: { temperature: 0 } } as const;
    const daemon = start({ toolRunner: createScriptedTools(['look']), forcing: forcedCall });
    const answer = ask(daemon, '', options);
    const end = await answer.ended;
    await stopTestDaemon(daemon);
    const [call, output] = answer.events.flatMap((event) =>
      event.type === 'output_item.done' ? [event.item] : [],
    );
    if (call?.kind !== 'tool_call' || output?.kind !== 'tool_output') throw new Error('no call');
    const { callId } = call;
    const cold = start({ toolRunner: createScriptedTools(['look']) });
    const { name, arguments: text } = forcedCall;
    const again = ask(cold, '', {
      ...options,
      items: [
        ...items,
        { kind: 'tool_call', callId, name, arguments: text, freeform: false },
        { kind: 'tool_output', callId, output: output.output },
      ],
    });
    const coldEnd = await again.ended;
    await stopTestDaemon(cold);
    if (end.type !== 'completed' || coldEnd.type !== 'completed') throw new Error('failed');
    const isOutput = (event: ResponseEvent): boolean =>
      event.type === 'output_item.done' && event.item.kind === 'tool_output';
    const events = answer.events.slice(answer.events.findIndex(isOutput));
    const behind = tokensOf({ ...answer, events });
    // What is written behind the output is the same, as far as the token limit lets it go.
    expect(behind.length).toBeGreaterThan(5);
    expect(tokensOf(again).slice(0, behind.length)).toEqual(behind);
    // The second round's prompt is the cold one's; all but the call's last token and the output was in the slot.
    const secondPrompt = coldEnd.usage.inputTokens;
    const firstPrompt = end.usage.inputTokens - secondPrompt;
    expect(end.usage.cachedInputTokens).toBeGreaterThanOrEqual(firstPrompt);
    expect(cachedOf(again)).toBe(0);
  });

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
