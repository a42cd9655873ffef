// What a watcher knows: the events of the debug stream, applied one by one to the state of everything. Plain data, so
// that it can be copied to go back in time.

import type { ActorView, RecordedEvent, WatchEvent } from '../ipc/protocol.js';

export type Counters = Extract<WatchEvent, { kind: 'counters' }>;
type Status = Counters['status'];

export interface SeenActor extends Pick<
  ActorView,
  'actor' | 'parent' | 'machine' | 'requestId' | 'startedAt' | 'states' | 'since' | 'received' | 'transitions'
> {
  /** It has ended; it is kept for a moment, to be seen. */
  readonly stoppedAt: number | null;
}

/** A message of a response, as far as it has come. */
export interface SeenMessage {
  readonly index: number;
  readonly source: 'prompt' | 'output';
  readonly channel: string | null;
  readonly recipient: string | null;
  readonly numTokens: number;
  /** Null where texts are not shown. */
  readonly text: string | null;
  readonly isDone: boolean;
}

/** One line of what happened last. */
export type Happening =
  | Extract<WatchEvent, { kind: 'actor.transition' | 'event.ignored' | 'log' }>
  | Extract<RecordedEvent, { kind: 'repaired' }>;

export interface WatchModel {
  /** Of the last event. */
  readonly at: number;
  readonly actors: ReadonlyMap<string, SeenActor>;
  readonly status: Status | null;
  readonly counters: Counters | null;
  readonly hasContent: boolean;
  readonly faults: readonly string[];
  /** Tokens a second, one value for each `counters`, the newest last. */
  readonly decodeRates: readonly number[];
  readonly happenings: readonly Happening[];
  /** By request. */
  readonly messages: ReadonlyMap<string, readonly SeenMessage[]>;
  readonly numDropped: number;
}

export const EMPTY_MODEL: WatchModel = {
  at: 0,
  actors: new Map(),
  status: null,
  counters: null,
  hasContent: false,
  faults: [],
  decodeRates: [],
  happenings: [],
  messages: new Map(),
  numDropped: 0,
};

const MAX_RATES = 120;
const MAX_HAPPENINGS = 400;
const MAX_TEXT_CHARS = 2_000;
/** How long an actor that has ended can still be seen. */
export const LINGER_MS = 4_000;

/** The same object, changed: copying it for every event would cost more than all else. */
export const applyEvent = (model: WatchModel, event: WatchEvent): void => {
  const draft = model as Draft;
  draft.at = event.at;
  switch (event.kind) {
    case 'snapshot':
      draft.actors = new Map(event.actors.map((actor) => [actor.actor, { ...actor, stoppedAt: null }]));
      draft.status = event.status;
      draft.hasContent = event.content;
      draft.faults = [...event.faults];
      break;
    case 'history':
      break; // a player puts it before its snapshot
    case 'actor.started': {
      const { at, actor, parent, machine, requestId, states } = event;
      const times = { startedAt: at, since: at, stoppedAt: null };
      draft.actors.set(actor, {
        actor,
        parent,
        machine,
        requestId,
        states,
        received: 0,
        transitions: 0,
        ...times,
      });
      break;
    }
    case 'actor.transition':
      takeTransition(draft, event);
      keepNewest(draft.happenings, event, MAX_HAPPENINGS);
      break;
    case 'actor.stopped': {
      const actor = draft.actors.get(event.actor);
      if (actor !== undefined) draft.actors.set(event.actor, { ...actor, stoppedAt: event.at });
      if (actor?.machine === 'session' && actor.requestId !== null) draft.messages.delete(actor.requestId);
      break;
    }
    case 'event.ignored':
    case 'repaired':
    case 'log':
      keepNewest(draft.happenings, event, MAX_HAPPENINGS);
      break;
    case 'message':
      takeMessage(draft, event);
      break;
    case 'counters':
      takeCounters(draft, event);
      break;
    case 'dropped':
      draft.numDropped += event.count;
      break;
  }
  forgetEnded(draft);
};

export const copyModel = (model: WatchModel): WatchModel => ({
  ...model,
  actors: new Map(model.actors),
  messages: new Map([...model.messages].map(([requestId, messages]) => [requestId, [...messages]])),
  decodeRates: [...model.decodeRates],
  happenings: [...model.happenings],
});

type Draft = { -readonly [Key in keyof WatchModel]: Mutable<WatchModel[Key]> };
type Mutable<Value> =
  Value extends ReadonlyMap<infer Key, infer Entry>
    ? Map<Key, Entry extends readonly (infer Item)[] ? Item[] : Entry>
    : Value extends readonly (infer Item)[]
      ? Item[]
      : Value;

const keepNewest = <Entry>(entries: Entry[], entry: Entry, limit: number): void => {
  entries.push(entry);
  if (entries.length > limit) entries.shift();
};

const takeTransition = (draft: Draft, event: Extract<WatchEvent, { kind: 'actor.transition' }>): void => {
  const actor = draft.actors.get(event.actor);
  if (actor === undefined) return;
  const hasMoved = event.from.join() !== event.to.join();
  draft.actors.set(event.actor, {
    ...actor,
    states: event.to,
    since: hasMoved ? event.at : actor.since,
    transitions: actor.transitions + 1,
  });
};

const takeMessage = (draft: Draft, event: Extract<WatchEvent, { kind: 'message' }>): void => {
  const messages = draft.messages.get(event.requestId) ?? [];
  const known = messages.findIndex(({ index }) => index === event.index);
  const before = known === -1 ? { numTokens: 0, text: null } : messages[known]!;
  const text = event.text === null ? before.text : ((before.text ?? '') + event.text).slice(-MAX_TEXT_CHARS);
  const message: SeenMessage = {
    index: event.index,
    source: event.source,
    channel: event.channel,
    recipient: event.recipient,
    numTokens: before.numTokens + event.numTokens,
    text,
    isDone: event.phase === 'done',
  };
  if (known === -1) messages.push(message);
  else messages[known] = message;
  draft.messages.set(event.requestId, messages);
};

const takeCounters = (draft: Draft, event: Counters): void => {
  draft.counters = event;
  draft.status = event.status;
  keepNewest(draft.decodeRates, event.interval.decodeTokensPerSecond, MAX_RATES);
  for (const { actor: name, received, transitions } of event.actors) {
    const actor = draft.actors.get(name);
    if (actor !== undefined) draft.actors.set(name, { ...actor, received, transitions });
  }
};

const forgetEnded = (draft: Draft): void => {
  for (const [name, { stoppedAt }] of draft.actors)
    if (stoppedAt !== null && draft.at - stoppedAt > LINGER_MS) draft.actors.delete(name);
};
