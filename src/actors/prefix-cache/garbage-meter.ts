// V8 does not count shared memory (its BackingStore::PerIsolateAccountingLength is 0 for it), so a thread whose own heap
// is small may never collect the snapshots that it has let go: an engine with a cache of 32 MiB had 450 MB of them.

import { collectGarbage } from '../collect-garbage.js';

export interface GarbageMeter {
  /** As many bytes of shared memory were let go. */
  add(numBytes: number): void;
}

/** About what a long conversation of a small model takes five times; a collection takes some 10 ms. */
const LIMIT_BYTES = 64 * 2 ** 20;

export const createGarbageMeter = (collect: () => void = collectGarbage): GarbageMeter => {
  let waitingBytes = 0;
  return {
    add: (numBytes) => {
      waitingBytes += numBytes;
      if (waitingBytes < LIMIT_BYTES) return;
      waitingBytes = 0;
      collect();
    },
  };
};
