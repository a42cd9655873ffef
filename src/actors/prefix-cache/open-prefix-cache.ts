// The prefix cache of one loaded model, as far as the settings and the memory budget allow one.

import type { CheckpointFile, PrefixCacheSettings } from '../engine-control.js';
import { checkpointKey } from '../engine-control.js';
import type { EngineNote } from '../engine-frames.js';
import { createGarbageMeter } from './garbage-meter.js';
import { createPrefixCache, type PrefixCache } from './prefix-cache.js';
import { openSnapshotDisk } from './snapshot-disk.js';

export interface OpenPrefixCacheOptions {
  readonly file: CheckpointFile;
  readonly kernels: string;
  readonly kvType: string;
  readonly precision: string;
  readonly denseWeights: string;
  readonly leftBytes: number;
  readonly settings: PrefixCacheSettings;
  readonly note: (note: EngineNote) => void;
}

export const openPrefixCache = async (options: OpenPrefixCacheOptions): Promise<PrefixCache> => {
  const { file, kernels, kvType, precision, denseWeights, leftBytes, settings, note } = options;
  const { memoryBytes, diskBytes, folder, version } = settings;
  return createPrefixCache({
    memoryBytes: Math.min(memoryBytes, leftBytes),
    disk:
      folder === null || diskBytes === 0
        ? null
        : await openSnapshotDisk({
            folder,
            boundBytes: diskBytes,
            // Kernels round differently, and so may another version of this program.
            identity: JSON.stringify({
              checkpoint: checkpointKey(file),
              kvType,
              precision,
              denseWeights,
              kernels,
              version,
            }),
            note,
          }),
    garbage: createGarbageMeter(),
    note,
  });
};
