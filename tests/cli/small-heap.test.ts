// V8 ignores an option that it does not know (any more), without a word.

import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';

const SMALL_HEAP = new URL('../../src/cli/daemon/small-heap.js', import.meta.url).href;

/** Leaves garbage behind, of which much lives through a collection, and tells what the young generation has grown to. */
const PROGRAM = `
  import { keepHeapSmall } from ${JSON.stringify(SMALL_HEAP)};
  import { isMainThread, Worker } from 'node:worker_threads';
  import v8 from 'node:v8';
  if (isMainThread) keepHeapSmall();
  for (let round = 0; round < 30; round++) {
    const kept = [];
    for (let index = 0; index < 50_000; index++) kept.push({ index, more: [index] });
  }
  const { space_size } = v8.getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  console.log(space_size);
  if (isMainThread) new Worker(new URL(import.meta.url));
`;

describe('the heap of a daemon', () => {
  test('stays small in its main thread and in those that it starts', () => {
    const url = `data:text/javascript,${encodeURIComponent(PROGRAM)}`;
    const output = execFileSync(
      process.execPath,
      ['--input-type=module', '-e', `await import(${JSON.stringify(url)})`],
      { encoding: 'utf8' },
    );
    const sizes = output.trim().split('\n').map(Number);
    expect(sizes).toHaveLength(2);
    for (const size of sizes) expect(size / 2 ** 20).toBeLessThanOrEqual(4.5);
  });
});
