// The threads that calls run in. A call that is given up takes its thread with it; the pool starts another.

import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { ToolJob } from './tool-job.js';

export interface ToolPool {
  /** Resolves when the job has ended. Aborted, it ends the thread that runs it, or does not start. */
  run(job: ToolJob, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const IDLE_TIMEOUT_MS = 60_000;
/** A call's arguments are small; what needs more than this is a mistake or an attack. */
const MAX_HEAP_MB = 256;

export const createToolPool = (maxThreads: number): ToolPool => {
  const pool = new Piscina<ToolJob, void>({
    filename: fileURLToPath(new URL('./tool-worker.js', import.meta.url)),
    minThreads: 1,
    maxThreads,
    idleTimeout: IDLE_TIMEOUT_MS,
    atomics: 'disabled', // waiting on one would keep a worker from hearing of its program's end
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  pool.on('error', () => {}); // a thread that dies between calls is replaced
  return {
    run: (job, signal) => pool.run(job, { transferList: [job.port], signal }),
    close: () => pool.destroy(),
  };
};
