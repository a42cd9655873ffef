import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GREEDY_SAMPLING as GREEDY } from '../../src/actors/greedy-sampling.js';
import { loadAddon } from '../../src/actors/load-addon.js';
import { CHECKPOINT_SHAPES, checkpointPieces, type CheckpointShape } from '../../tools/checkpoint-writer.js';
import { type DenseType, writeGguf } from '../../tools/gguf-writer.js';
import { f32ToF16 } from '../../tools/number-formats.js';
import { vocabularyMerges } from '../../tools/vocabulary-merges.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gguf-writer-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the engine makes of a file: its shape, its vocabulary and the logits after a prompt longer than the window. */
const read = (path: string) => {
  const addon = loadAddon();
  const engine = addon.openEngine({ path, isa: '', numThreads: 1 });
  const { vocabSize } = engine.config;
  const context = engine.createContext({
    numSlots: 1,
    contextLength: 256,
    maxBatchTokens: 200,
    kvType: 'f32',
    precision: 'exact',
  });
  const tokens = Uint32Array.from({ length: 200 }, (_, i) => (i * 7919) % vocabSize);
  context.step([{ slot: 0, tokens, sampler: addon.createSampler(GREEDY, vocabSize), topLogprobs: 0 }]);
  const found = { config: engine.config, logits: context.logits(0), tokenizer: engine.tokenizer() };
  engine.close();
  return found;
};

const writeBoth = (name: string, shape: CheckpointShape, dense: DenseType) => {
  const [bin, gguf] = [join(folder, `${name}.bin`), join(folder, `${name}.gguf`)];
  writeFileSync(bin, Buffer.concat(Array.from(checkpointPieces(shape, 5), (piece) => Buffer.from(piece))));
  const numBytes = writeGguf(checkpointPieces(shape, 5), gguf, dense);
  expect(readFileSync(gguf)).toHaveLength(numBytes);
  return { bin: read(bin), gguf: read(gguf) };
};

const relativeError = (actual: Float32Array, expected: Float32Array): number => {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...actual.map((logit, i) => Math.abs(logit - expected[i]!))) / largest;
};

describe('GGUF of a checkpoint', () => {
  it.each([
    ['tiny', 'BF16'],
    ['tiny', 'F32'],
    ['small', 'BF16'],
    ['odd', 'F32'], // the softmax scale of a head of 20 is no power of two: one rounding
  ] as const)('%s in %s has the numbers of model.bin', (name, dense) => {
    const { bin, gguf } = writeBoth(`${name}-${dense}`, CHECKPOINT_SHAPES[name], dense);
    expect(gguf.config).toEqual(bin.config);
    // Sums in another order; a wrong value or row is off by 1e-2 and more.
    expect(relativeError(gguf.logits, bin.logits)).toBeLessThan(1e-5);
  });

  it('in Q8_0 is near', () => {
    const { bin, gguf } = writeBoth('q8', CHECKPOINT_SHAPES.tiny, 'Q8_0');
    expect(relativeError(gguf.logits, bin.logits)).toBeLessThan(0.05);
  });

  it('keeps the vocabulary', () => {
    const { bin, gguf } = writeBoth('vocabulary', CHECKPOINT_SHAPES.tiny, 'BF16');
    expect(gguf.tokenizer.bytes).toEqual(bin.tokenizer.bytes);
    expect(gguf.tokenizer.offsets).toEqual(bin.tokenizer.offsets);
    for (const [name, id] of Object.entries(gguf.tokenizer.specialTokens)) {
      expect(bin.tokenizer.specialTokens[name]).toBe(id);
    }
  });

  it('leaves nothing behind when its source breaks off', () => {
    const pieces = [...checkpointPieces(CHECKPOINT_SHAPES.tiny, 1)]
      .slice(0, 20)
      .map((piece) => piece.slice());
    const path = join(folder, 'broken.gguf');
    expect(() => writeGguf(pieces, path, 'BF16')).toThrow('the checkpoint ends at byte');
    expect(() => writeGguf([Buffer.from('GGUF, and more bytes')], path, 'BF16')).toThrow('not a model.bin');
    expect(readdirSync(folder).filter((file) => file.startsWith('broken'))).toEqual([]);
  });
});

describe('merges of a vocabulary', () => {
  it('join what a token comes to by lower ranks, and pass over one that cannot be reached', () => {
    const tokens = [...Buffer.from('abcd')].map((byte) => Buffer.from([byte]));
    const words = ['bc', 'abc', 'abcd', 'dbca'].map((word) => Buffer.from(word));
    const merges = vocabularyMerges([...tokens, ...words]).map((pair) => pair.map(String).join(' '));
    expect(merges).toEqual(['b c', 'a bc', 'abc d']);
  });
});

describe('float16', () => {
  it.each([
    [0, 0],
    [1, 0x3c00],
    [65_504, 0x7bff],
    [65_520, 0x7c00],
    [2 ** -14, 0x0400],
    [2 ** -24, 1],
    [1.5 * 2 ** -24, 2],
    [2 ** -25, 0],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
  ])('rounds %d to the nearest', (value, expected) => expect(f32ToF16(value)).toBe(expected));
});
