// Time limits as a dependency, so that tests decide when one is over.

export interface Timers {
  /** Runs once after `ms`, unless the returned function is called before. Never keeps the process alive. */
  after(ms: number, run: () => void): () => void;
}

export const systemTimers: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
