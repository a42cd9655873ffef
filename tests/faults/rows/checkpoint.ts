// The file of the weights, while they are loaded.

import { copyFileSync, renameSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { askSoundly } from '../observer.js';
import type { FaultRow } from '../scene.js';

export const CHECKPOINT_FAULTS: readonly FaultRow[] = [
  {
    name: 'the checkpoint cut off while it is loaded',
    hitsEngine: true,
    inject: async ({ socket: path, checkpoint, random }) => {
      truncateSync(checkpoint.path, random.below(2 ** 20));
      await askSoundly(path, 'Who are you?', 30);
      copyFileSync(checkpoint.original, `${checkpoint.path}.new`);
      renameSync(`${checkpoint.path}.new`, checkpoint.path);
    },
  },
  {
    name: 'the checkpoint replaced while it is loaded',
    hitsEngine: false,
    inject: async ({ checkpoint }) => {
      copyFileSync(checkpoint.original, `${checkpoint.path}.new`);
      renameSync(`${checkpoint.path}.new`, checkpoint.path);
      await sleep(20);
    },
  },
];
