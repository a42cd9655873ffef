// The daemon stopped and the engine stopped, ended or made to fail; needs engine.isolation = "process" and --fault none.

import { setTimeout as sleep } from 'node:timers/promises';
import { askSoundly, enginesOf, request } from '../observer.js';
import type { FaultRow, Scene } from '../scene.js';

/** Another fault may have ended it meanwhile. */
const signalIfThere = (pid: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};

/** Signals every process of the engine's; needs engine.isolation = "process". */
const signalsEngine = (signal: NodeJS.Signals) => async (scene: Scene) => {
  await sleep(scene.random.below(150));
  for (const pid of enginesOf(scene.pid)) signalIfThere(pid, signal);
};

/** Into the engine that runs; the answers under way fail. */
const injects = (kind: string) => async (scene: Scene) => {
  await sleep(scene.random.below(100));
  const fault = `${kind}@${1 + scene.random.below(20)}`;
  await request(scene.socket, { type: 'fault.inject', requestId: 'f', fault });
  await askSoundly(scene.socket, 'Who are you?', 30); // it may be this one that it strikes
};

export const PROCESS_FAULTS: readonly FaultRow[] = [
  {
    name: 'the daemon stopped for a moment',
    hitsEngine: false,
    inject: async (scene) => {
      await sleep(scene.random.below(100));
      process.kill(scene.pid, 'SIGSTOP');
      await sleep(scene.random.below(400));
      process.kill(scene.pid, 'SIGCONT');
    },
  },
  {
    name: 'the engine stopped for a moment',
    hitsEngine: false,
    inject: async (scene) => {
      const engines = enginesOf(scene.pid);
      engines.forEach((pid) => signalIfThere(pid, 'SIGSTOP'));
      await sleep(scene.random.below(400));
      engines.forEach((pid) => signalIfThere(pid, 'SIGCONT'));
    },
  },
  { name: 'the engine killed', hitsEngine: true, inject: signalsEngine('SIGKILL') },
  { name: 'the engine aborts', hitsEngine: true, inject: signalsEngine('SIGABRT') },
  { name: 'the engine reads what is not there', hitsEngine: true, inject: signalsEngine('SIGSEGV') },
  { name: 'the engine’s checkpoint is gone', hitsEngine: true, inject: signalsEngine('SIGBUS') },
  { name: 'the engine throws', hitsEngine: true, inject: injects('throw') },
  { name: 'the engine samples no number', hitsEngine: true, inject: injects('nan') },
  { name: 'the engine samples no token', hitsEngine: true, inject: injects('garbage') },
  { name: 'the engine exits', hitsEngine: true, inject: injects('exit') },
  { name: 'the engine’s heap is full', hitsEngine: true, inject: injects('heap') },
];
