// How long the supervisor's event loop was ever kept from its work. Sampling wakes the process, so it runs only while
// something is going on. (Node's monitorEventLoopDelay counts the time between two such periods as a stall.)

import { createHistogram } from 'node:perf_hooks';

export interface StallMonitor {
  /** Measures until the returned function is called; several may overlap. */
  watch(): () => void;
  report(): { readonly stallP99Ms: number; readonly stallMaxMs: number };
  /** The longest since this was last asked. */
  takeMaxMs(): number;
  close(): void;
}

const RESOLUTION_MS = 5;

export const createStallMonitor = (): StallMonitor => {
  const histogram = createHistogram(); // nanoseconds between two samples
  let timer: NodeJS.Timeout | null = null;
  let numWatching = 0;
  let longestNs = 0;

  const begin = (): void => {
    let last = performance.now();
    timer = setInterval(() => {
      const now = performance.now();
      const elapsedNs = Math.max(1, Math.round((now - last) * 1e6));
      histogram.record(elapsedNs);
      longestNs = Math.max(longestNs, elapsedNs);
      last = now;
    }, RESOLUTION_MS).unref();
  };

  const end = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };

  return {
    watch: () => {
      if (numWatching++ === 0) begin();
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        if (--numWatching === 0) end();
      };
    },
    report: () =>
      histogram.count === 0
        ? { stallP99Ms: 0, stallMaxMs: 0 }
        : { stallP99Ms: stallMs(histogram.percentile(99)), stallMaxMs: stallMs(histogram.max) },
    takeMaxMs: () => {
      const longestMs = stallMs(longestNs);
      longestNs = 0;
      return longestMs;
    },
    close: end,
  };
};

/** What exceeds the interval is the stall. */
const stallMs = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
