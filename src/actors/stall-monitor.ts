// How long the supervisor's event loop was ever kept from its work. Sampling wakes the process, so it runs only while
// something is going on.

import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface StallMonitor {
  /** Measures until the returned function is called; several may overlap. */
  watch(): () => void;
  report(): { readonly stallP99Ms: number; readonly stallMaxMs: number };
  close(): void;
}

const RESOLUTION_MS = 5;

export const createStallMonitor = (): StallMonitor => {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let numWatching = 0;

  // The histogram holds the time between two samples; what exceeds the interval is the stall.
  const stallMs = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS) : 0;

  return {
    watch: () => {
      if (numWatching++ === 0) histogram.enable();
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        if (--numWatching === 0) histogram.disable();
      };
    },
    report: () => ({
      stallP99Ms: histogram.count === 0 ? 0 : stallMs(histogram.percentile(99)),
      stallMaxMs: histogram.count === 0 ? 0 : stallMs(histogram.max),
    }),
    close: () => void histogram.disable(),
  };
};
