// How fast this machine reads memory, now: every thread compares two arrays far larger than the caches (memcmp, two
// streams a thread), and the fastest of some rounds counts.

import { Worker } from 'node:worker_threads';

const ARRAY_BYTES = 192 * 1024 * 1024;
const ROUNDS = 3;

const READER = `
const { parentPort } = require('node:worker_threads');
const [left, right] = [Buffer.alloc(${ARRAY_BYTES}, 1), Buffer.alloc(${ARRAY_BYTES}, 1)];
parentPort.on('message', () => parentPort.postMessage(left.compare(right)));
parentPort.postMessage('ready');
`;

export const readBytesPerSecond = async (threads: number): Promise<number> => {
  const workers = Array.from({ length: threads }, () => new Worker(READER, { eval: true }));
  const next = (worker: Worker): Promise<unknown> =>
    new Promise((resolve) => worker.once('message', resolve));
  await Promise.all(workers.map(next));
  let best = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedMs = performance.now();
    await Promise.all(
      workers.map((worker) => {
        worker.postMessage(null);
        return next(worker);
      }),
    );
    best = Math.max(best, (2 * ARRAY_BYTES * threads) / ((performance.now() - startedMs) / 1000));
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  return best;
};
