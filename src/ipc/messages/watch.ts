// The debug stream: what the daemon does, as it does it. A watcher that does not read loses events, is told how many,
// and gets a new snapshot to go on from.

import * as z from 'zod';
import {
  bytes,
  count,
  defineMessage,
  jsonObject,
  list,
  milliseconds,
  RequestId,
  tokensPerSecond,
} from './define.js';
import { Status } from './status.js';

export const Watch = defineMessage('watch', {
  requestId: RequestId,
  /** Texts of prompts and answers too; else only their lengths. */
  content: z.boolean().default(false),
  /** What happened before, as far as the daemon still has it. */
  history: z.boolean().default(false),
});
export type Watch = z.infer<typeof Watch>;

const at = z.number(); // milliseconds since 1970
const actor = z.string();
/** Active leaf states, as dotted paths. */
const states = list(z.string());

/** An actor that lives now. */
export const ActorView = z.object({
  actor,
  /** The actor above it; null: it is the root. */
  parent: z.string().nullable(),
  machine: z.string(),
  /** Of the response that it works for; null: for none. */
  requestId: z.string().nullable(),
  startedAt: at,
  states,
  /** When it entered these states. */
  since: at,
  /** Events since its start, and those that wait to be taken now. */
  received: count,
  mailbox: count,
  transitions: count,
  /** What it keeps in mind; texts of prompts, answers and tools are never in it. */
  context: jsonObject,
});
export type ActorView = z.infer<typeof ActorView>;

const ActorStarted = z.object({
  kind: z.literal('actor.started'),
  at,
  actor,
  parent: z.string().nullable(),
  machine: z.string(),
  requestId: z.string().nullable(),
  states,
});
const ActorTransition = z.object({
  kind: z.literal('actor.transition'),
  at,
  actor,
  event: z.string(),
  from: states,
  to: states,
  /** Ids in the machine's definition of what was taken, in order; some end in the state where they began. */
  taken: list(z.string()),
  /** Guards that did not hold before that. */
  refused: list(z.string()),
});
/** It came, and there was no transition for it now: unknown in these states, or all guards refused. */
const EventIgnored = z.object({
  kind: z.literal('event.ignored'),
  at,
  actor,
  event: z.string(),
  states,
  refused: list(z.string()),
});
const ActorStopped = z.object({ kind: z.literal('actor.stopped'), at, actor });

/** One message of a prompt or an answer. Texts are null unless the watcher asked for content and it is not history. */
const HarmonyMessage = z.object({
  kind: z.literal('message'),
  at,
  requestId: z.string(),
  /** Counts the prompts and messages of a request from 0. */
  index: count,
  /** `prompt`: all that the model reads of this round. */
  source: z.enum(['prompt', 'output']),
  phase: z.enum(['started', 'continued', 'done']),
  channel: z.string().nullable(),
  recipient: z.string().nullable(),
  /** Of this event alone; those of a message's events add up. */
  numTokens: count,
  text: z.string().nullable(),
  tokens: list(count).nullable(),
});
/** Something malformed in the model's output was mended. */
const Repaired = z.object({
  kind: z.literal('repaired'),
  at,
  requestId: z.string(),
  repair: z.string(),
});

/** What the ring in the daemon keeps. */
export const RecordedEvent = z.discriminatedUnion('kind', [
  ActorStarted,
  ActorTransition,
  EventIgnored,
  ActorStopped,
  HarmonyMessage,
  Repaired,
]);
export type RecordedEvent = z.infer<typeof RecordedEvent>;

const Counters = z.object({
  kind: z.literal('counters'),
  at,
  status: Status,
  /** Since the last one. */
  interval: z.object({
    durationMs: milliseconds,
    prefillTokensPerSecond: tokensPerSecond,
    decodeTokensPerSecond: tokensPerSecond,
    /** The supervisor's event loop. */
    stallMaxMs: milliseconds,
  }),
  batch: z.object({
    /** Sequences in a forward step, on average since the last one. */
    sequences: z.number().nonnegative(),
    tokens: z.number().nonnegative(),
    steps: count,
  }),
  /** Positions that the slots hold, busy or not. */
  kv: z.object({ used: count, total: count }),
  /** Since the start: prompts that resumed from what was kept, all prompts, and tokens that were not read again. */
  prefix: z.object({ hits: count, prompts: count, tokens: count }),
  toolCalls: z.object({ running: count, total: count }),
  process: z.object({ rssBytes: bytes, heapBytes: bytes, externalBytes: bytes }),
  /** Of the actors that live now, how much each has taken in. */
  actors: list(z.object({ actor, received: count, mailbox: count, transitions: count })),
});

const Snapshot = z.object({
  kind: z.literal('snapshot'),
  at,
  actors: list(ActorView),
  status: Status,
  /** Texts come with this watch. */
  content: z.boolean(),
  /** Faults that may be injected; empty: the daemon was started without that hook. */
  faults: list(z.string()),
});

export const WatchEvent = z.discriminatedUnion('kind', [
  Snapshot,
  z.object({ kind: z.literal('history'), at, events: list(RecordedEvent) }),
  ...RecordedEvent.options,
  z.object({
    kind: z.literal('log'),
    at,
    level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
    message: z.string(),
    fields: jsonObject,
  }),
  Counters,
  z.object({ kind: z.literal('dropped'), at, count }),
]);
export type WatchEvent = z.infer<typeof WatchEvent>;

export const WatchEventMessage = defineMessage('watch.event', {
  requestId: RequestId,
  sequence: count,
  event: WatchEvent,
});
export type WatchEventMessage = z.infer<typeof WatchEventMessage>;
