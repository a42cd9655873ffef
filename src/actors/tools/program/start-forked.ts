// Starts a process by Node's spawn, a shell in between for what Node cannot set: on macOS, where that is no fork, and
// where the addon is not built.

import { spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { LEASH_FD, withLeash, withLimits } from './process-limits.js';
import type { ProcessExit, ProcessRequest, StartedProcess } from './start-process.js';

/** Throws when the operating system refuses to start a process; some refusals come by `exited`. */
export const startForked = (request: ProcessRequest): StartedProcess => {
  const { folder, environment, descriptors } = request;
  const isLeashed = request.leash !== 'itself';
  const places = descriptors.map((kind) =>
    kind === 'null' ? ('ignore' as const) : typeof kind === 'number' ? kind : ('pipe' as const),
  );
  if (isLeashed) places[LEASH_FD] = 'pipe'; // it closes with this process
  const [file, ...args] = commandOf(request);
  const child = spawn(file, args, { cwd: folder, env: environment, stdio: places, detached: true });
  const streams = (child.stdio as readonly (Duplex | null | undefined)[]).map((stream) => stream ?? null);
  const leash = isLeashed ? streams[LEASH_FD]! : null;
  leash?.on('error', () => {}).resume();
  const exited = new Promise<ProcessExit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode, signal) => {
      killGroup(child.pid); // background children, and the leash
      leash?.destroy();
      resolve({ exitCode, signal });
    });
  });
  exited.catch(() => {}); // whoever waits for it hears of it
  return { pid: child.pid ?? null, streams, exited };
};

const commandOf = ({ argv, limits, leash }: ProcessRequest): readonly [string, ...string[]] => {
  if (leash === 'itself') return limits === null ? argv : withLimits(argv, limits, 'program');
  return limits === null ? withLeash(argv) : withLimits(argv, limits, 'leashed');
};

const killGroup = (pid: number | undefined): void => {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // nothing is left of it
  }
};
