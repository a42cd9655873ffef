// The threads that calls run in. A call that is given up takes its thread with it; the pool starts another.

import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { ToolJob } from './tool-job.js';

export interface ToolPool {
  /** Resolves when the job has ended. Aborted, it ends the thread that runs it, or does not start. */
  run(job: ToolJob, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const IDLE_TIMEOUT_MS = 60_000;
/** A thread that is not ready then has failed. */
const READY_TIMEOUT_MS = 5_000;
/** A call's arguments are small; what needs more than this is a mistake or an attack. */
const MAX_HEAP_MB = 256;

export const createToolPool = (maxThreads: number): ToolPool => {
  const pool = new Piscina<ToolJob | null, void>({
    filename: fileURLToPath(new URL('./tool-worker.js', import.meta.url)),
    minThreads: 1,
    maxThreads,
    idleTimeout: IDLE_TIMEOUT_MS,
    atomics: 'disabled', // waiting on one would keep a worker from hearing of its program's end
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  pool.on('error', () => {}); // a thread that dies between calls is replaced
  // Node 20 aborts the whole process when a thread is ended while it imports a module, so none is before it is ready.
  // The pool's first thread takes jobs before that; a job that is none says when it is.
  const firstReady = pool.run(null);
  let numReady = 0;
  let onReady = (): void => {};
  pool.on('workerCreate', () => {
    numReady++;
    onReady();
  });
  pool.on('workerDestroy', () => numReady--);
  const allReady = async (): Promise<void> => {
    const ready = new Promise<void>((resolve) => {
      onReady = () => {
        if (numReady >= pool.threads.length) resolve();
      };
      onReady();
    });
    await Promise.race([ready, delay(READY_TIMEOUT_MS, null, { ref: false })]);
  };
  return {
    run: async (job, signal) => {
      await firstReady;
      await pool.run(job, { transferList: [job.port], signal });
    },
    close: async () => {
      await firstReady.catch(() => {}); // it could not start: each call has said so
      await allReady();
      await pool.destroy();
    },
  };
};
