// The status in a recording of another version: keys that it did not have yet read as if there were nothing to tell.

import type { LoadedModel } from './messages/models.js';
import type { Status } from './messages/status.js';

/** Complete, or it would not compile. */
const NO_MODEL: LoadedModel = {
  checkpoint: '',
  name: '',
  format: '',
  backend: '',
  kernels: '',
  numThreads: 0,
  contextLength: 0,
  numSlots: 0,
  weightsBytes: 0,
  kvBytes: 0,
  scratchBytes: 0,
  loadMs: 0,
  cached: false,
};
const NO_STATUS: Status = {
  version: '',
  protocolVersion: 0,
  pid: 0,
  uptimeMs: 0,
  state: 'ready',
  engine: { state: 'idle', restarts: 0, lastError: null, cacheHits: 0, cacheMisses: 0 },
  model: null,
  slots: { used: 0, total: 0 },
  queue: { length: 0, bound: 0 },
  memory: { weightsBytes: 0, kvBytes: 0, scratchBytes: 0, rssBytes: 0, budgetBytes: 0 },
  throughput: { prefillTokensPerSecond: 0, decodeTokensPerSecond: 0 },
  requests: {
    running: 0,
    awaitingTool: 0,
    completed: 0,
    failed: 0,
    cancelled: 0,
    inputTokens: 0,
    cachedInputTokens: 0,
    outputTokens: 0,
    draftedTokens: 0,
    acceptedTokens: 0,
    repairs: {},
  },
  eventLoop: { stallP99Ms: 0, stallMaxMs: 0 },
  connections: { open: 0, accepted: 0, refused: 0, protocolErrors: 0 },
  backpressure: {
    pausedStreams: 0,
    pauses: 0,
    bufferedBytes: 0,
    peakBufferedBytes: 0,
    droppedWatchEvents: 0,
  },
  http: null,
};

/** What a recording has as status, with what it lacks; a schema has still to look at it. */
export const completeStatus = (recorded: unknown): unknown => {
  const status = complete(recorded, NO_STATUS);
  return isMap(status) && isMap(status['model'])
    ? { ...status, model: complete(status['model'], NO_MODEL) }
    : status;
};

const complete = (recorded: unknown, empty: unknown): unknown => {
  if (recorded === undefined) return empty;
  if (!isMap(recorded) || !isMap(empty)) return recorded;
  const keys = new Set([...Object.keys(recorded), ...Object.keys(empty)]);
  return Object.fromEntries([...keys].map((key) => [key, complete(recorded[key], empty[key])]));
};

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
