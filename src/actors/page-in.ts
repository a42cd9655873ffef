// Brings a checkpoint into memory while it is being loaded. The engine maps its file, so without this the first forward
// pass reads all of it from the disk within one call: no progress, no cancelling, and a heartbeat that stands still for
// as long. Here it is read in slices, between which the worker hears what it is told.

import { setImmediate } from 'node:timers/promises';
import type { NativeEngine } from './engine-addon.js';

/** Of one native call: ten steps of a progress bar a second. */
const SLICE_MS = 100;

export interface PageInOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number, totalBytes: number) => void;
}

/** Errors: io_error; the signal's reason. */
export const pageIn = async (engine: NativeEngine, { signal, onProgress }: PageInOptions): Promise<void> => {
  if (!engine.capabilities.mapsWeights) return;
  const total = engine.fileBytes;
  for (let done = 0; done < total;) {
    done = engine.pageIn(done, SLICE_MS);
    onProgress(done, total);
    await setImmediate();
    signal.throwIfAborted();
  }
};
