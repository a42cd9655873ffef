import * as z from 'zod';
import { defineMessage, milliseconds, RequestId } from './define.js';

/** The supervisor's states. `degraded`: the engine has used up its restarts; health and status still answer. */
export const DaemonState = z.enum(['booting', 'starting', 'ready', 'degraded', 'draining', 'stopped']);
export type DaemonState = z.infer<typeof DaemonState>;

export const EngineState = z.enum([
  'stopped',
  'starting',
  'idle',
  'loading',
  'ready',
  'generating',
  'restarting',
  'failed',
]);
export type EngineState = z.infer<typeof EngineState>;

export const HealthRequest = defineMessage('health', { requestId: RequestId });

export const Health = z.object({
  /** True when a request sent now would be accepted (a model that is not loaded yet is loaded by it). */
  ok: z.boolean(),
  state: DaemonState,
  engine: EngineState,
  /** Why not, and what to do: one sentence. Null when `ok`. */
  reason: z.string().nullable(),
  version: z.string(),
  pid: z.number().int(),
  uptimeMs: milliseconds,
});
export type Health = z.infer<typeof Health>;
