// The counters of the debug stream: rates and means since the last ones, beside the whole status.

import type { Status, WatchEvent } from '../ipc/protocol.js';
import type { EngineLoad } from './engine-load.js';
import type { Inspector } from './inspection.js';
import type { StallMonitor } from './stall-monitor.js';

export interface WatchCountersOptions {
  readonly status: () => Status;
  readonly load: () => EngineLoad;
  readonly inspector: Pick<Inspector, 'actors' | 'numStarted'>;
  readonly stalls: Pick<StallMonitor, 'watch' | 'takeMaxMs'>;
  readonly now: () => number;
}

export interface WatchCounter {
  next(): Extract<WatchEvent, { kind: 'counters' }>;
  end(): void;
}

export const startWatchCounter = ({
  status,
  load,
  inspector,
  stalls,
  now,
}: WatchCountersOptions): WatchCounter => {
  const endStalls = stalls.watch();
  stalls.takeMaxMs(); // what was before does not count
  let [lastAt, last] = [now(), load()];

  return {
    next: () => {
      const [at, current, full] = [now(), load(), status()];
      const durationMs = at - lastAt;
      const steps = current.steps - last.steps;
      const prefilled = current.prefillTokens - last.prefillTokens;
      const decoded = current.decodeTokens - last.decodeTokens;
      const sequences = current.stepSequences - last.stepSequences;
      const actors = inspector.actors();
      const { rss, heapUsed, external } = process.memoryUsage();
      [lastAt, last] = [at, current];
      return {
        kind: 'counters',
        at,
        status: full,
        interval: {
          durationMs,
          prefillTokensPerSecond: perSecond(prefilled, durationMs),
          decodeTokensPerSecond: perSecond(decoded, durationMs),
          stallMaxMs: stalls.takeMaxMs(),
        },
        batch: {
          steps,
          sequences: steps === 0 ? 0 : sequences / steps,
          tokens: steps === 0 ? 0 : (prefilled + decoded) / steps,
        },
        kv: {
          used: full.model === null ? 0 : current.kvTokens,
          total: full.model === null ? 0 : full.model.numSlots * full.model.contextLength,
        },
        prefix: { hits: current.prefixHits, prompts: current.prompts, tokens: current.prefixTokens },
        toolCalls: {
          running: actors.filter(({ machine }) => machine === 'toolCall').length,
          total: inspector.numStarted('toolCall'),
        },
        process: { rssBytes: rss, heapBytes: heapUsed, externalBytes: external },
        actors: actors.map(({ actor, received, mailbox, transitions }) => ({
          actor,
          received,
          mailbox,
          transitions,
        })),
      };
    },
    end: endStalls,
  };
};

const perSecond = (count: number, elapsedMs: number): number =>
  elapsedMs > 0 ? (1000 * Math.max(0, count)) / elapsedMs : 0;
