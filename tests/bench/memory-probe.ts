// Loaded into bench:memory's daemon before it starts: tells what V8 holds when it is asked.

import { isMainThread } from 'node:worker_threads';

export interface HeapReport {
  readonly usedBytes: number;
  readonly totalBytes: number;
}

if (isMainThread) {
  process.on('message', () => {
    const { heapUsed, heapTotal } = process.memoryUsage();
    process.send?.({ usedBytes: heapUsed, totalBytes: heapTotal } satisfies HeapReport);
  });
  process.channel?.unref();
}
