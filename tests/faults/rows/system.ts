// The clock set and the disk slow, full, read-only or broken, for a moment; needs tests/faults/system.cc.

import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { askSoundly } from '../observer.js';
import type { FaultRow, Scene } from '../scene.js';

const DAY_MS = 86_400_000;

const clockSet = (direction: 1 | -1) => async (scene: Scene) => {
  const { random, system } = scene;
  await sleep(random.below(100));
  system?.wish('clockShiftMs', direction * random.below(400) * DAY_MS);
  await askSoundly(scene.socket, 'Who are you?', 5 + random.below(20));
};

/** A base that two requests begin with goes to disk. */
const keepsPrefix = async ({ socket, random }: Scene): Promise<void> => {
  const text = `Who are you? ${Array.from({ length: 300 }, () => random.below(100)).join(' ')}`;
  await askSoundly(socket, text, 1);
  await askSoundly(socket, text, 1);
};

const diskFails = (error: number) => async (scene: Scene) => {
  scene.system?.wish('diskError', error);
  await keepsPrefix(scene);
  scene.system?.wish('diskError', 0);
};

export const SYSTEM_FAULTS: readonly FaultRow[] = [
  { name: 'the clock set back', hitsEngine: false, inject: clockSet(-1) },
  { name: 'the clock set forward', hitsEngine: false, inject: clockSet(1) },
  {
    name: 'a disk that is slow',
    hitsEngine: false,
    inject: async (scene) => {
      scene.system?.wish('diskDelayMs', 20 + scene.random.below(100));
      await keepsPrefix(scene);
      scene.system?.wish('diskDelayMs', 0);
    },
  },
  { name: 'a disk that is full', hitsEngine: false, inject: diskFails(constants.errno.ENOSPC) },
  { name: 'a disk that is read-only', hitsEngine: false, inject: diskFails(constants.errno.EROFS) },
  { name: 'a disk that is broken', hitsEngine: false, inject: diskFails(constants.errno.EIO) },
];
