// What the daemon looks like after an event: the one place where the page reads the debug stream. Values are never
// changed, so an earlier world can be kept and gone back to for nothing. Pure.

import type { ActorView, WatchEvent } from '../../ipc/protocol.js';
import { applyToSessions, type SessionEntry, sessionEnded, sessionStarted } from './sessions.js';

export type Snapshot = Extract<WatchEvent, { kind: 'snapshot' }>;
export type Counters = Extract<WatchEvent, { kind: 'counters' }>;
export type Log = Extract<WatchEvent, { kind: 'log' }>;

export interface World {
  /** Of the last event; 0 before the first. */
  readonly at: number;
  /** By name, in the order of their start; those that have ended stay a while. */
  readonly actors: ReadonlyMap<string, ActorEntry>;
  /** By request, in the order of their start. */
  readonly sessions: ReadonlyMap<string, SessionEntry>;
  readonly status: Snapshot['status'] | null;
  /** The newest, one a second. */
  readonly counters: readonly Counters[];
  /** Texts come with this stream. */
  readonly hasContent: boolean;
  /** Events that the daemon could not hand over. */
  readonly numDropped: number;
}

export interface ActorEntry extends Omit<ActorView, 'context'> {
  /** As of the last snapshot; null: it started after that. */
  readonly context: ActorView['context'] | null;
  /** Null: nothing has happened to it yet. */
  readonly last: LastStep | null;
  /** Null: it lives. */
  readonly endedAt: number | null;
}

export interface LastStep {
  readonly at: number;
  readonly event: string;
  /** Ids of transitions; none: the event was ignored. */
  readonly taken: readonly string[];
  readonly refused: readonly string[];
}

export const EMPTY_WORLD: World = {
  at: 0,
  actors: new Map(),
  sessions: new Map(),
  status: null,
  counters: [],
  hasContent: false,
  numDropped: 0,
};

const MAX_ENDED = 120;
const MAX_COUNTERS = 240;

export const applyEvent = (world: World, event: WatchEvent): World => {
  const next = { ...applyKind(world, event), at: Math.max(world.at, event.at) };
  return next;
};

const applyKind = (world: World, event: WatchEvent): World => {
  switch (event.kind) {
    case 'snapshot':
      return applySnapshot(world, event);
    case 'history':
      return event.events.reduce<World>(applyEvent, world);
    case 'actor.started': {
      const { at, actor, parent, machine, requestId, states } = event;
      const started: ActorEntry = {
        actor,
        parent,
        machine,
        requestId,
        states,
        startedAt: at,
        since: at,
        received: 0,
        mailbox: 0,
        transitions: 0,
        context: null,
        last: null,
        endedAt: null,
      };
      return withActor({ ...world, sessions: sessionStarted(world.sessions, event) }, started);
    }
    case 'actor.transition': {
      const actor = world.actors.get(event.actor);
      if (actor === undefined) return world;
      const moved = actor.states.join() !== event.to.join();
      const next: ActorEntry = {
        ...actor,
        states: event.to,
        since: moved ? event.at : actor.since,
        transitions: actor.transitions + 1,
        last: { at: event.at, event: event.event, taken: event.taken, refused: event.refused },
      };
      return withActor({ ...world, sessions: applyToSessions(world.sessions, event, actor) }, next);
    }
    case 'event.ignored': {
      const actor = world.actors.get(event.actor);
      if (actor === undefined) return world;
      const last = { at: event.at, event: event.event, taken: [], refused: event.refused };
      return withActor(world, { ...actor, last });
    }
    case 'actor.stopped': {
      const actor = world.actors.get(event.actor);
      if (actor === undefined || actor.endedAt !== null) return world;
      const sessions = sessionEnded(world.sessions, actor, event.at);
      return forgetOld(withActor({ ...world, sessions }, { ...actor, endedAt: event.at, mailbox: 0 }));
    }
    case 'message':
    case 'repaired':
      return { ...world, sessions: applyToSessions(world.sessions, event, null) };
    case 'counters':
      return {
        ...world,
        status: event.status,
        counters: [...world.counters, event].slice(-MAX_COUNTERS),
        actors: withCounts(world.actors, event),
      };
    case 'dropped':
      return { ...world, numDropped: world.numDropped + event.count };
    case 'log':
      return world;
  }
};

/** What lives now is known for certain; of what was known before, the rest has ended. */
const applySnapshot = (world: World, { at, actors, status, content }: Snapshot): World => {
  const entries = new Map(world.actors);
  const living = new Set(actors.map(({ actor }) => actor));
  for (const [name, entry] of entries) {
    if (entry.endedAt === null && !living.has(name)) entries.set(name, { ...entry, endedAt: at, mailbox: 0 });
  }
  for (const view of actors) {
    const { last = null } = entries.get(view.actor) ?? {};
    entries.set(view.actor, { ...view, last, endedAt: null });
  }
  let { sessions } = world;
  for (const view of actors) sessions = sessionStarted(sessions, { ...view, at: view.startedAt });
  for (const entry of entries.values()) {
    if (entry.endedAt === at) sessions = sessionEnded(sessions, entry, at);
  }
  return { ...world, actors: entries, sessions, status, hasContent: content };
};

const withActor = (world: World, entry: ActorEntry): World => ({
  ...world,
  actors: new Map(world.actors).set(entry.actor, entry),
});

const withCounts = (actors: World['actors'], { actors: counts }: Counters): World['actors'] => {
  const next = new Map(actors);
  for (const { actor, received, mailbox, transitions } of counts) {
    const entry = next.get(actor);
    if (entry !== undefined) next.set(actor, { ...entry, received, mailbox, transitions });
  }
  return next;
};

/** Of actors and sessions that have ended, the newest stay. */
const forgetOld = (world: World): World => {
  const ended = [...world.actors.values()].filter(({ endedAt }) => endedAt !== null);
  if (ended.length <= MAX_ENDED) return world;
  const actors = new Map(world.actors);
  const sessions = new Map(world.sessions);
  for (const { actor, machine, requestId } of ended.slice(0, ended.length - MAX_ENDED)) {
    actors.delete(actor);
    if (machine === 'session' && requestId !== null) sessions.delete(requestId);
  }
  return { ...world, actors, sessions };
};
