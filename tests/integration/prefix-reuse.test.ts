// The daemon with the native engine: turns that follow each other, threads beside each other and starts after each
// other answer what a cold engine answers, and say how little they read.

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Daemon } from '../../src/daemon.js';
import type { RespondOptions } from '../../src/ipc/protocol.js';
import { CHECKPOINT_SHAPES, checkpointPieces } from '../../tools/checkpoint-writer.js';
import { ask, type CollectingSink, startTestDaemon, stopTestDaemon } from '../actors/test-daemon.js';

type Item = RespondOptions['items'][number];

const addonModule = new URL('../../src/actors/load-addon.js', import.meta.url).href;
const says = (role: 'user' | 'developer', text: string): Item => ({
  kind: 'message',
  role,
  text,
  channel: null,
});
const BASE = says(
  'developer',
  'You are an agent in a terminal, and these are the rules you follow. '.repeat(25),
);
const look = {
  kind: 'function',
  name: 'look',
  description: 'Looks at a file. '.repeat(20),
  parameters: null,
  strict: false,
} as const;

describe('prefix reuse', () => {
  let folder = '';
  let checkpoint = '';
  let prefixFolder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'codexpc-reuse-'));
    checkpoint = join(folder, 'small.bin');
    const pieces = checkpointPieces(CHECKPOINT_SHAPES['small'], 1);
    writeFileSync(checkpoint, Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))));
  });
  beforeEach(() => {
    prefixFolder = mkdtempSync(join(folder, 'prefixes-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const start = (
    settings: { readonly diskBytes?: number; readonly numSlots?: number; readonly log?: string[] } = {},
  ): Daemon =>
    startTestDaemon({
      addonModule,
      log: settings.log ?? [],
      checkpoint,
      engine: {
        contextLength: 4096,
        numSlots: settings.numSlots ?? 4,
        prefixCache: {
          memoryBytes: 2 ** 28,
          diskBytes: settings.diskBytes ?? 0,
          folder: prefixFolder,
          version: '1',
        },
      },
    });

  const turn = async (daemon: Daemon, items: readonly Item[], options: Partial<RespondOptions> = {}) => {
    const sink = ask(daemon, '', {
      items,
      tools: [look],
      maxTokens: 8,
      include: ['tokens', 'reasoning', 'commentary'],
      sampling: { temperature: 0 },
      ...options,
    });
    const end = await sink.ended;
    if (end.type !== 'completed') throw new Error(JSON.stringify(end));
    return { tokens: tokensOf(sink), read: end.usage.inputTokens - end.usage.cachedInputTokens };
  };

  /** The same turn by a daemon that has seen nothing. */
  const coldly = async (items: readonly Item[], options: Partial<RespondOptions> = {}) => {
    const daemon = start();
    const result = await turn(daemon, items, options);
    await stopTestDaemon(daemon);
    return result;
  };

  test('a tool round reads its output, the next turn what follows the last question, a retry nothing', async () => {
    const daemon = start();
    const question = [BASE, says('developer', 'Skills'), says('user', 'Where are we? '.repeat(40))];
    const first = await turn(daemon, question);
    expect(first.read).toBeGreaterThan(500);
    expect((await turn(daemon, question)).read).toBeLessThanOrEqual(3);
    const long = 'x = 1; '.repeat(150);
    const round: Item[] = [
      ...question,
      { kind: 'message', role: 'assistant', text: long, channel: 'analysis' },
      { kind: 'tool_call', callId: 'c', name: 'look', arguments: '{}', freeform: false },
      { kind: 'tool_output', callId: 'c', output: 'a file' },
    ];
    const afterTool = await turn(daemon, round);
    expect(afterTool).toMatchObject({ tokens: (await coldly(round)).tokens });
    const nextTurn: Item[] = [
      ...round,
      { kind: 'message', role: 'assistant', text: 'There.', channel: 'final' },
      says('user', 'And now?'),
    ];
    const cold = await coldly(nextTurn);
    const next = await turn(daemon, nextTurn);
    expect(next.tokens).toEqual(cold.tokens);
    // The reasoning has gone, so what followed it is read again, and nothing before.
    expect(next.read).toBeLessThan(150);
    await stopTestDaemon(daemon);
  }, 60_000);

  test('threads that begin at the same moment read their base once', async () => {
    const daemon = start();
    const threads = ['one', 'two', 'three'].map((word) => [
      BASE,
      says('developer', word),
      says('user', word),
    ]);
    const results = await Promise.all(threads.map((items) => turn(daemon, items)));
    const cold = await Promise.all(threads.map((items) => coldly(items)));
    expect(results.map(({ tokens }) => tokens)).toEqual(cold.map(({ tokens }) => tokens));
    const total = results.reduce((sum, { read }) => sum + read, 0);
    expect(total).toBeLessThan(cold[0]!.read + 100);
    await stopTestDaemon(daemon);
  }, 60_000);

  test('short requests take no slot from a long conversation, and what they took is found in memory', async () => {
    const daemon = start({ numSlots: 2 });
    const long = [BASE, says('user', 'A long story. '.repeat(100))];
    await turn(daemon, long);
    for (const word of ['a', 'b', 'c']) await turn(daemon, [says('user', word)], { tools: [] });
    expect((await turn(daemon, long)).read).toBeLessThanOrEqual(3);
    // Two longer ones take both slots.
    for (const word of ['bird ', 'fish ']) await turn(daemon, [says('user', word.repeat(500))]);
    const back = await turn(daemon, long);
    expect(back.read).toBeLessThanOrEqual(3);
    expect(back.tokens).toEqual((await coldly(long)).tokens);
    await stopTestDaemon(daemon);
  }, 60_000);

  test('the next start goes on with bases and conversations, to the same logits', async () => {
    const conversation = [BASE, says('user', 'Where are we? '.repeat(30))];
    const first = start({ diskBytes: 2 ** 28 });
    await turn(first, conversation);
    await turn(first, [BASE, says('user', 'Something else')]);
    await stopTestDaemon(first);
    expect(readdirSync(prefixFolder).length).toBeGreaterThanOrEqual(2);

    const second = start({ diskBytes: 2 ** 28 });
    const again = await turn(second, conversation);
    expect(again.read).toBeLessThanOrEqual(10); // the opened header is fed again
    expect(again.tokens).toEqual((await coldly(conversation)).tokens);
    const other = [BASE, says('user', 'A third thread')];
    const third = await turn(second, other);
    expect(third.read).toBeLessThan(30);
    expect(third.tokens).toEqual((await coldly(other)).tokens);
    await stopTestDaemon(second);
  }, 60_000);

  test('a damaged or foreign prefix is never trusted: the answer is that of a cold engine', async () => {
    const conversation = [BASE, says('user', 'Where are we? '.repeat(30))];
    const first = start({ diskBytes: 2 ** 28 });
    await turn(first, conversation);
    await stopTestDaemon(first);
    const path = join(prefixFolder, readdirSync(prefixFolder)[0]!);
    const whole = readFileSync(path);
    const headerBytes = whole.readUInt32LE(20);
    const { numBytes } = JSON.parse(whole.toString('latin1', 24, 24 + headerBytes)) as { numBytes: number };
    const engineBytes = whole.length - 32 - numBytes;
    const cold = await coldly(conversation);
    const damages: readonly (readonly [string, Buffer])[] = [
      ['header', flipped(whole, 30)],
      ['tokens', flipped(whole, 24 + headerBytes + 40)],
      ['first of the engine’s bytes', flipped(whole, engineBytes)],
      ['keys and values', flipped(whole, engineBytes + (numBytes >> 1))],
      ['checksum', flipped(whole, whole.length - 1)],
      ['truncated', whole.subarray(0, whole.length >> 1)],
      ['extended', Buffer.concat([whole, Buffer.alloc(100)])],
      ['other KV type', resealed(replaced(whole, 'f16', 'f32'))],
      ['other checkpoint', resealed(replaced(whole, 'small.bin', 'smile.bin'))],
      // By somebody who can compute a checksum: the engine looks for itself.
      ['other engine', resealed(flipped(whole, engineBytes + 20))],
    ];
    for (const [what, bytes] of damages) {
      writeFileSync(path, bytes);
      const log: string[] = [];
      const daemon = start({ diskBytes: 2 ** 28, log });
      const { tokens, read } = await turn(daemon, conversation);
      expect({ what, tokens, read }).toEqual({ what, ...cold });
      expect({ what, log: log.join('') }).toEqual({ what, log: expect.stringMatching(/discarded/) });
      await stopTestDaemon(daemon);
    }
  }, 120_000);

  test('a folder that cannot be used costs a line in the log, not an answer', async () => {
    prefixFolder = join(folder, 'a-file');
    writeFileSync(prefixFolder, '');
    const daemon = start({ diskBytes: 2 ** 28 });
    expect((await turn(daemon, [BASE, says('user', 'hi')])).read).toBeGreaterThan(100);
    await stopTestDaemon(daemon);
    rmSync(prefixFolder);
    mkdirSync(prefixFolder);
  }, 60_000);
});

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

/** By a text of the same length. */
const replaced = (bytes: Buffer, from: string, to: string): Buffer => {
  const text = bytes.toString('latin1');
  if (!text.includes(from)) throw new Error(`the file does not hold ${from}`);
  return Buffer.from(text.replace(from, to), 'latin1');
};

/** With a checksum that is right again. */
const resealed = (bytes: Buffer): Buffer => {
  const body = bytes.subarray(0, -32);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
};

const tokensOf = ({ events }: CollectingSink) =>
  events.flatMap((event) =>
    event.type === 'tokens.delta' ? event.tokens.map(({ token, logprob }) => ({ token, logprob })) : [],
  );
