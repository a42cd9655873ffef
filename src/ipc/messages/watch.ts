// The debug stream: what the daemon does, as it does it. A watcher that does not read loses events, and is told how many.

import * as z from 'zod';
import { count, defineMessage, jsonObject, list, RequestId } from './define.js';
import { Status } from './status.js';

export const Watch = defineMessage('watch', { requestId: RequestId });
export type Watch = z.infer<typeof Watch>;

const at = z.number(); // milliseconds since 1970

export const WatchEvent = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('actor.started'),
    at,
    actor: z.string(),
    parent: z.string().nullable(),
    machine: z.string(),
  }),
  z.object({
    kind: z.literal('actor.transition'),
    at,
    actor: z.string(),
    event: z.string(),
    /** Active leaf states, as dotted paths. */
    from: list(z.string()),
    to: list(z.string()),
  }),
  z.object({ kind: z.literal('actor.stopped'), at, actor: z.string() }),
  z.object({
    kind: z.literal('log'),
    at,
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
    message: z.string(),
    fields: jsonObject,
  }),
  z.object({ kind: z.literal('counters'), at, status: Status }),
  z.object({ kind: z.literal('dropped'), at, count }),
]);
export type WatchEvent = z.infer<typeof WatchEvent>;

export const WatchEventMessage = defineMessage('watch.event', {
  requestId: RequestId,
  sequence: count,
  event: WatchEvent,
});
export type WatchEventMessage = z.infer<typeof WatchEventMessage>;
