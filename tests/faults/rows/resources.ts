// Descriptors, room on the disk and memory taken away, by the limits of a process (Linux: prlimit).

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { askSoundly, enginesOf, openSocket } from '../observer.js';
import type { FaultRow } from '../scene.js';

/** Takes a resource from a process for a moment, by its soft limit. */
const limited = async (
  pids: readonly number[],
  limit: 'fsize' | 'nofile' | 'as',
  value: (pid: number) => number,
  meanwhile: () => Promise<void>,
): Promise<void> => {
  const set = (pid: number, soft: number | 'unlimited'): void =>
    void execFileSync('prlimit', [`--pid=${pid}`, `--${limit}=${soft}:`], { stdio: 'ignore' });
  pids.forEach((pid) => set(pid, value(pid)));
  try {
    await meanwhile();
  } finally {
    for (const pid of pids) {
      try {
        set(pid, limit === 'nofile' ? 4_096 : 'unlimited');
      } catch {
        // It has ended of it.
      }
    }
  }
};

export const RESOURCE_FAULTS: readonly FaultRow[] = [
  {
    name: 'no descriptors left',
    hitsEngine: false,
    refusesConnections: true,
    inject: async ({ socket: path, pid, random }) => {
      const numOpen = readdirSync(`/proc/${pid}/fd`).length;
      await limited(
        [pid],
        'nofile',
        () => numOpen + random.below(4),
        async () => {
          const sockets = await Promise.all(Array.from({ length: 10 }, () => openSocket(path)));
          await sleep(random.below(100));
          sockets.forEach((socket) => socket.destroy());
        },
      );
    },
  },
  {
    name: 'a disk that takes nothing',
    hitsEngine: false,
    inject: async ({ socket: path, pid, random }) => {
      // A base that two requests begin with goes to disk.
      const text = `Who are you? ${Array.from({ length: 300 }, () => random.below(100)).join(' ')}`;
      await limited(
        [pid, ...enginesOf(pid)],
        'fsize',
        () => 0,
        async () => {
          await askSoundly(path, text, 1);
          await askSoundly(path, text, 1);
        },
      );
    },
  },
  {
    name: 'no more memory for the engine',
    hitsEngine: true,
    inject: async ({ socket: path, pid, random }) => {
      await limited(
        enginesOf(pid),
        'as',
        () => 2 ** 20,
        async () => {
          await askSoundly(path, `Hello ${'and '.repeat(random.below(400))}`, 30);
        },
      );
    },
  },
];
