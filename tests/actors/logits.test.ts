import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { loadAddon } from '../../src/actors/load-addon.js';
import { computeLogits, type LogitsReport, type LogitsRequest } from '../../src/actors/logits.js';
import { CHECKPOINT_SHAPES, checkpointPieces, type CheckpointShape } from '../../tools/checkpoint-writer.js';

const addon = loadAddon();

describe('computeLogits', () => {
  let folder: string;
  const write = (name: string, shape: CheckpointShape): string => {
    const path = join(folder, name);
    writeFileSync(path, Buffer.concat(Array.from(checkpointPieces(shape, 1), (piece) => Buffer.from(piece))));
    return path;
  };
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'codexpc-logits-'));
    write('tiny.bin', CHECKPOINT_SHAPES.tiny);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const compute = (changes: Partial<LogitsRequest> = {}): LogitsReport =>
    computeLogits(addon, {
      checkpoint: join(folder, 'tiny.bin'),
      tokens: [72, 105, 33],
      numTop: 5,
      numGreedy: 0,
      isa: '',
      chunkTokens: 128,
      kvType: 'f32',
      precision: 'exact',
      ...changes,
    });
  const failing = (changes: Partial<LogitsRequest>) => {
    try {
      compute(changes);
    } catch (error) {
      return error;
    }
    throw new Error('expected a failure');
  };

  it('gives the most probable tokens with their text', () => {
    const { top, tokens, greedy, checkpoint } = compute({ numTop: 320 });
    expect({ tokens, greedy, checkpoint }).toEqual({
      tokens: [72, 105, 33],
      greedy: [],
      checkpoint: join(folder, 'tiny.bin'),
    });
    expect(top).toHaveLength(320);
    expect(top.map(({ logit }) => logit)).toEqual(top.map(({ logit }) => logit).sort((a, b) => b - a));
    expect(top.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 5);
    const textOf = new Map(top.map(({ token, text }) => [token, text]));
    expect(textOf.get(72)).toBe('H');
    expect(textOf.get(257)).toBe('ab');
    expect(textOf.get(312)).toBe('<|start|>');
    expect(textOf.get(200)).toBeUndefined(); // a byte that is no character
    expect(textOf.get(304)).toBeUndefined(); // reserved
  });

  it('goes on greedily, and finds the same tokens step by step', () => {
    const { greedy } = compute({ numGreedy: 6 });
    expect(greedy).toHaveLength(6);
    greedy.forEach((token, step) => {
      const { top } = compute({ tokens: [72, 105, 33, ...greedy.slice(0, step)], numTop: 1 });
      expect(top[0]?.token).toBe(token);
    });
  });

  it('does not depend on the chunk size', () => {
    const tokens = Array.from({ length: 50 }, (_, i) => (i * 37) % 320);
    const whole = compute({ tokens });
    for (const chunkTokens of [1, 7, 50]) {
      const { top } = compute({ tokens, chunkTokens });
      expect(top.map(({ token }) => token)).toEqual(whole.top.map(({ token }) => token));
      top.forEach(({ logit }, i) => expect(logit).toBeCloseTo(whole.top[i]?.logit as number, 4));
    }
  });

  it('names the kernels it ran on', () => {
    expect(compute({ isa: 'scalar' }).kernels).toBe('scalar');
    expect(failing({ isa: 'mmx' })).toMatchObject({ code: 'unsupported_option' });
  });

  it('refuses tokens that the model does not have', () => {
    expect(failing({ tokens: [1, 320] })).toMatchObject({
      code: 'invalid_request',
      message: 'token 320 is not in the vocabulary: this checkpoint has the ids 0 to 319',
    });
    expect(failing({ tokens: [] })).toMatchObject({ code: 'invalid_request' });
  });

  it('refuses more positions than the context has', () => {
    const tokens = new Array<number>(4096).fill(1);
    expect(failing({ tokens, numGreedy: 2 })).toMatchObject({ code: 'context_overflow' });
  });

  it('computes logits for a checkpoint whose tokenizer cannot carry text', () => {
    const path = write('wordless.bin', { ...CHECKPOINT_SHAPES.tiny, numTextTokens: 40, numSpecialTokens: 0 });
    const { top } = compute({ checkpoint: path, tokens: [3, 39], numTop: 40 });
    expect(top).toHaveLength(40);
    expect(top.every(({ text }) => text === undefined)).toBe(true);
    const engine = addon.openEngine({ path, isa: '', numThreads: 1 });
    expect(() => engine.tokenizer()).toThrow('this checkpoint cannot read or write text');
    engine.close();
  });

  it.each([
    ['a directory', (path: string) => path, 'io_error', 'this is a directory'],
    ['/dev/zero', () => '/dev/zero', 'io_error', 'device'],
    ['a path that names nothing', (path: string) => join(path, 'none.bin'), 'io_error', 'no such file'],
    ['an empty file', (path: string) => file(path, Buffer.alloc(0)), 'model_corrupt', 'empty'],
    [
      'a random megabyte',
      (path: string) => file(path, Buffer.alloc(1 << 20, 0xa5)),
      'model_corrupt',
      'magic',
    ],
    [
      'a GGUF file that was cut off',
      (path: string) => file(path, Buffer.from('GGUF\x03\0\0\0')),
      'model_corrupt',
      'truncated',
    ],
  ])('refuses %s', (_, makePath, code, mention) => {
    const checkpoint = makePath(folder);
    const error = failing({ checkpoint });
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toContain(mention);
    expect((error as Error).message).toContain(checkpoint);
  });

  const file = (path: string, bytes: Buffer): string => {
    writeFileSync(join(path, 'wrong.bin'), bytes);
    return join(path, 'wrong.bin');
  };
});
