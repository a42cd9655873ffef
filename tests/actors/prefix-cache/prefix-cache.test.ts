import { describe, expect, test } from '@jest/globals';
import { createGarbageMeter } from '../../../src/actors/prefix-cache/garbage-meter.js';
import { createPrefixCache, type SnapshotDisk } from '../../../src/actors/prefix-cache/prefix-cache.js';
import type { SnapshotSource } from '../../../src/actors/prefix-cache/snapshot.js';

const range = (length: number, from = 0): Uint32Array => Uint32Array.from({ length }, (_, i) => from + i);
const source = (tokens: Uint32Array, overrides: Partial<SnapshotSource> = {}): SnapshotSource => ({
  kind: 'conversation',
  tokens,
  checkpoints: [tokens.length],
  numBytes: 100,
  write: (bytes) => void bytes.fill(7),
  ...overrides,
});
const open = (memoryBytes: number, disk: SnapshotDisk | null = null) =>
  createPrefixCache({ memoryBytes, disk, garbage: { add: () => {} }, note: () => {} });

const fakeDisk = (takes = true) => {
  const written: number[] = [];
  const summaries: SnapshotSource[] = [];
  const disk: SnapshotDisk = {
    boundBytes: 10_000,
    list: () => summaries,
    read: (summary) => Promise.resolve({ ...summary, bytes: new Uint8Array(summary.numBytes) }),
    write: ({ tokens }) => {
      written.push(tokens.length);
      if (takes) summaries.push(source(tokens));
    },
    remove: () => {},
    flush: () => Promise.resolve(),
    close: () => {},
  };
  return { disk, written, summaries };
};

describe('prefix cache', () => {
  test('gives back the prefix that saves most, counted to the checkpoint that it resumes at', () => {
    const cache = open(1000);
    cache.put(source(range(600), { kind: 'base', checkpoints: [300, 600] }), false);
    cache.put(source(range(900), { checkpoints: [280] }), false);
    expect(cache.best(range(2000), null, 0)?.tokens).toHaveLength(600);
    const changed = [...range(500), ...range(100, 7000)];
    expect(cache.best(Uint32Array.from(changed), null, 0)?.tokens).toHaveLength(600);
    expect(cache.best(range(2000), null, 500)).toBeNull(); // a slot holds nearly as much
    expect(cache.best(range(2000, 5), null, 0)).toBeNull();
  });

  test('stays within its bound: the least recently used goes first, and what is too large is not taken', () => {
    const cache = open(250);
    const prompts = [0, 10_000, 20_000].map((from) => range(400, from));
    const holds = () => prompts.map((prompt) => cache.best(range(401, prompt[0]), null, 0) !== null);
    cache.put(source(prompts[0]!), false);
    cache.put(source(prompts[1]!), false);
    cache.best(range(401), null, 0); // used
    cache.put(source(prompts[2]!), false);
    expect(holds()).toEqual([true, false, true]);
    let isWritten = false;
    cache.put(source(range(400, 90_000), { numBytes: 251, write: () => (isWritten = true) }), false);
    expect(isWritten).toBe(false);
  });

  test('a conversation that has grown takes the place of what it was', () => {
    const cache = open(200);
    cache.put(source(range(400, 50_000)), false);
    cache.put(source(range(300)), false);
    cache.put(source(range(500)), false);
    expect(cache.best(range(401, 50_000), null, 0)).not.toBeNull();
  });

  test('what there is no memory for is not kept', () => {
    const cache = open(Number.MAX_SAFE_INTEGER);
    cache.put(source(range(300), { numBytes: 2 ** 52 }), false);
    expect(cache.best(range(400), null, 0)).toBeNull();
  });

  test('short prefixes are not kept', () => {
    const cache = open(1000);
    cache.put(source(range(255)), false);
    expect(cache.best(range(300), null, 0)).toBeNull();
  });

  test('a base is hot at its second use, until it is on disk', () => {
    const { disk, written } = fakeDisk();
    const cache = open(1000, disk);
    const base = range(512);
    cache.countUse(base);
    expect(cache.isHotBase(base)).toBe(false);
    cache.countUse(base);
    expect(cache.isHotBase(base)).toBe(true);
    cache.put(source(base, { kind: 'base' }), true);
    expect(cache.isHotBase(base)).toBe(false);
    expect(written).toEqual([512]);
    cache.put(source(base), true);
    expect(written).toEqual([512]);
  });

  test('a base that the disk refuses is not offered again', () => {
    const { disk, written } = fakeDisk(false);
    const cache = open(0, disk);
    const base = range(512);
    cache.countUse(base);
    cache.countUse(base);
    cache.put(source(base, { kind: 'base' }), true);
    expect(cache.isHotBase(base)).toBe(false);
    expect(written).toEqual([512]);
  });

  test('the disk is read only for what memory and slots do not have', async () => {
    const { disk, summaries } = fakeDisk();
    summaries.push(source(range(800)));
    const cache = open(1000, disk);
    expect(cache.fetch(range(900), 700)).toBeNull();
    const fetched = await cache.fetch(range(900), 0);
    expect(cache.best(range(900), fetched, 0)?.tokens).toHaveLength(800);
    expect(cache.fetch(range(900), 0)).toBeNull();
  });

  test('has collected what it let go, which V8 does not count', () => {
    const numBytes = 24 * 2 ** 20;
    let numCollected = 0;
    const cache = createPrefixCache({
      memoryBytes: 2 * numBytes,
      disk: null,
      garbage: createGarbageMeter(() => void numCollected++),
      note: () => {},
    });
    const put = (first: number): void => cache.put(source(range(300, first), { numBytes }), false);
    [0, 1, 2, 3].forEach(put); // two of them are kept
    expect(numCollected).toBe(0);
    put(4);
    expect(numCollected).toBe(1);
  });
});
