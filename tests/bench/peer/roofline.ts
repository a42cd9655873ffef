// How fast this machine reads memory, now: every thread reads an area far larger than the caches in eight streams, and
// the fastest of some rounds counts. tests/engine-native/bench/reads.cc is the same without JavaScript.

import { Worker } from 'node:worker_threads';
import { MEMORY_BYTES, READ_MODULE, STREAM_BYTES, STREAMS } from './read-module.js';

const ROUNDS = 5;
/** A call's part of each stream: V8 takes the optimised code for the next call. */
const PART_BYTES = 256 * 1024;

const READER = `
const { parentPort, workerData } = require('node:worker_threads');
const { read, memory } = new WebAssembly.Instance(new WebAssembly.Module(workerData)).exports;
new Uint8Array(memory.buffer, 0, ${MEMORY_BYTES}).fill(1);
const readAll = () => {
  let seen = 0;
  for (let at = 0; at < ${STREAM_BYTES}; at += ${PART_BYTES}) seen |= read(at, Math.min(at + ${PART_BYTES}, ${STREAM_BYTES}));
  return seen;
};
for (let i = 0; i < 5; i += 1) readAll();
parentPort.on('message', () => parentPort.postMessage(readAll()));
parentPort.postMessage('ready');
`;

export const readBytesPerSecond = async (threads: number): Promise<number> => {
  const workers = Array.from(
    { length: threads },
    () => new Worker(READER, { eval: true, workerData: READ_MODULE }),
  );
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
    const seconds = (performance.now() - startedMs) / 1000;
    best = Math.max(best, (STREAMS * STREAM_BYTES * threads) / seconds);
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
  return best;
};
