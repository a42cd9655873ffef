// Who watches, and what they get: transitions, log lines, and the counters once a second while anybody looks.

import type { Status, WatchEvent } from '../ipc/protocol.js';

export interface Watchers {
  publish(event: WatchEvent): void;
  add(sink: (event: WatchEvent) => void): () => void;
  /** True when events are worth making. */
  isWatched(): boolean;
  close(): void;
}

const COUNTERS_MS = 1000;

export const createWatchers = (status: () => Status, now: () => number): Watchers => {
  const sinks = new Set<(event: WatchEvent) => void>();
  let timer: NodeJS.Timeout | null = null;

  const publish = (event: WatchEvent): void => sinks.forEach((sink) => sink(event));

  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };

  return {
    publish,
    isWatched: () => sinks.size > 0,
    add: (sink) => {
      const mine = (event: WatchEvent): void => sink(event);
      sinks.add(mine);
      timer ??= setInterval(() => publish({ kind: 'counters', at: now(), status: status() }), COUNTERS_MS);
      return () => {
        sinks.delete(mine);
        if (sinks.size === 0) stop();
      };
    },
    close: () => {
      sinks.clear();
      stop();
    },
  };
};
