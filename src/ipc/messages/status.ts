// Everything `codexpc status` shows on one screen.

import * as z from 'zod';
import { bytes, count, defineMessage, list, milliseconds, RequestId, tokensPerSecond } from './define.js';
import { WireError } from './error.js';
import { DaemonState, EngineState } from './health.js';
import { LoadedModel } from './models.js';

export const StatusRequest = defineMessage('status', { requestId: RequestId });

const EngineStatus = z.object({
  state: EngineState,
  /** Restarts since the daemon started. */
  restarts: count,
  lastError: WireError.nullable(),
  cacheHits: count,
  cacheMisses: count,
});

const MemoryStatus = z.object({
  weightsBytes: bytes,
  kvBytes: bytes,
  scratchBytes: bytes,
  rssBytes: bytes,
  /** What the memory guard allows in all. */
  budgetBytes: bytes,
});

const RequestStatus = z.object({
  running: count,
  awaitingTool: count,
  completed: count,
  failed: count,
  /** Cancelled or past their deadline. */
  cancelled: count,
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  /** Guessed ahead where an answer repeated its conversation, and how many of them came true. */
  draftedTokens: count,
  acceptedTokens: count,
  /** What was mended in the model's output since the start, by name (src/harmony/repairs.ts). */
  repairs: z.record(z.string(), count),
});

export const ConnectionStatus = z.object({
  open: count,
  accepted: count,
  /** Refused: another user's, or over the limit. */
  refused: count,
  /** Closed with a coded error: malformed, oversized, truncated or out-of-order frames, or a slow handshake. */
  protocolErrors: count,
});
export type ConnectionStatus = z.infer<typeof ConnectionStatus>;

export const BackpressureStatus = z.object({
  /** Streams that wait for their client to read, now. */
  pausedStreams: count,
  /** Times a stream had to pause, since the start. */
  pauses: count,
  /** Waiting in the daemon to be written, all connections together. */
  bufferedBytes: bytes,
  /** The most that one connection ever had waiting. */
  peakBufferedBytes: bytes,
  droppedWatchEvents: count,
});
export type BackpressureStatus = z.infer<typeof BackpressureStatus>;

export const HttpStatus = z.object({
  /** Null: it is not served now. */
  url: z.string().nullable(),
  extraPorts: list(count),
  needsToken: z.boolean(),
  /** Why it is not served. */
  error: WireError.nullable(),
});
export type HttpStatus = z.infer<typeof HttpStatus>;

export const Status = z.object({
  version: z.string(),
  protocolVersion: count,
  pid: z.number().int(),
  uptimeMs: milliseconds,
  state: DaemonState,
  engine: EngineStatus,
  /** Null when no model is loaded. */
  model: LoadedModel.nullable(),
  slots: z.object({ used: count, total: count }),
  queue: z.object({ length: count, bound: count }),
  memory: MemoryStatus,
  /** Over the last answers; 0 before the first. */
  throughput: z.object({ prefillTokensPerSecond: tokensPerSecond, decodeTokensPerSecond: tokensPerSecond }),
  requests: RequestStatus,
  eventLoop: z.object({ stallP99Ms: milliseconds, stallMaxMs: milliseconds }),
  connections: ConnectionStatus,
  backpressure: BackpressureStatus,
  /** Null: switched off. */
  http: HttpStatus.nullable(),
});
export type Status = z.infer<typeof Status>;
