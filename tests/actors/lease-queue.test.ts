import { describe, expect, test } from '@jest/globals';
import type { CheckpointFile } from '../../src/actors/engine-control.js';
import type { EngineLink } from '../../src/actors/engine-link.js';
import { createLeaseQueue, type LeaseSource } from '../../src/actors/lease-queue.js';
import type { ModelRuntime } from '../../src/actors/model-runtime.js';

const fileAt = (path: string): CheckpointFile => ({ path, sizeBytes: 1, mtimeMs: 0, inode: 1 });

/** Every model is loaded, and every lookup answers when it is told to. */
const startQueue = () => {
  const granted: string[] = [];
  const lookups: { readonly answer: () => void; readonly fail: (error: Error) => void }[] = [];
  const source: LeaseSource = {
    offers: () => true,
    request: () => {},
    take: () => ({ model: {} as ModelRuntime, link: {} as EngineLink, release: () => {} }),
  };
  const queue = createLeaseQueue({
    source: () => source,
    find: (path) =>
      new Promise((resolve, reject) => {
        lookups.push({ answer: () => resolve(fileAt(path)), fail: reject });
      }),
    onHit: () => {},
  });
  const lease = async (name: string, checkpoint: string): Promise<void> => {
    await queue.lease({ checkpoint, signal: new AbortController().signal, onLoading: () => {} });
    granted.push(name);
  };
  return { granted, lookups, lease };
};

describe('lease queue', () => {
  test('serves the requests for a checkpoint as they came, whichever lookup is answered first', async () => {
    const { granted, lookups, lease } = startQueue();
    const leases = ['one', 'two', 'three'].map((name) => lease(name, '/a'));
    lookups.reverse().forEach(({ answer }) => answer());
    await Promise.all(leases);
    expect(granted).toEqual(['one', 'two', 'three']);
  });

  test('keeps nobody waiting for the lookup of another checkpoint', async () => {
    const { granted, lookups, lease } = startQueue();
    const slow = lease('slow', '/on/a/slow/disk');
    const quick = lease('quick', '/a');
    lookups[1]!.answer();
    await quick;
    expect(granted).toEqual(['quick']);
    lookups[0]!.answer();
    await slow;
  });

  test('goes on after a checkpoint that was not found', async () => {
    const { granted, lookups, lease } = startQueue();
    const lost = lease('lost', '/a');
    const found = lease('found', '/a');
    lookups[1]!.answer();
    lookups[0]!.fail(new Error('gone for a moment'));
    await expect(lost).rejects.toThrow('gone for a moment');
    await found;
    expect(granted).toEqual(['found']);
  });
});
