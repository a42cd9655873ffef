// The one place where machines are looked at: xstate's inspection events as log lines and for the debug stream.
// Machines log nothing themselves.

import type { AnyMachineSnapshot, AnyStateNode, InspectionEvent } from 'xstate';
import type { Logger } from 'pino';
import { CodexpcError } from '../errors.js';
import { summaryOf } from '../inspect/context-summary.js';
import { guardsAgainst, guardsBefore, transitionId } from '../inspect/machine-graph.js';
import type { ActorView, RecordedEvent } from '../ipc/protocol.js';
import { parentIdOf, requestIdOf, sessionActorId, SUPERVISOR } from './actor-names.js';

export interface InspectorOptions {
  readonly logger: Logger;
  readonly publish: (event: RecordedEvent) => void;
  readonly now: () => number;
}

export interface Inspector {
  readonly inspect: (event: InspectionEvent) => void;
  /** The machines that live now, in the order of their start. */
  actors(): readonly ActorView[];
  /**
   * Shows an actor that is no machine of xstate's, beneath the session of a response, until it is released. With the
   * session's name.
   */
  adopt(
    requestId: string,
    view: () => ActorView,
  ): { readonly actor: string | null; readonly release: () => void };
  /** Since the start. */
  numStarted(machine: string): number;
}

/** Machines that everybody may want to read about; the rest is at debug. */
const INFO_MACHINES: readonly string[] = ['supervisor', 'engine'];
/** States that somebody should look at. */
const WARNING_STATES: readonly string[] = ['late', 'lost', 'running.degraded'];
/** Signs of life, about one a second: they are counted, and told only where they change a state. */
const QUIET_EVENTS: readonly string[] = ['beat', 'worker.beat'];

interface Inspected {
  readonly name: string;
  readonly id: string;
  readonly parent: string | null;
  readonly machine: string;
  readonly startedAt: number;
  readonly ref: ActorLike;
  nodes: readonly AnyStateNode[];
  states: readonly string[];
  since: number;
  received: number;
  transitions: number;
  /** Of the event that is being taken. */
  taken: string[];
  refused: string[];
}

export const createInspector = ({ logger, publish, now }: InspectorOptions): Inspector => {
  const living = new Map<object, Inspected>();
  const adopted = new Set<() => ActorView>();
  const numStarted = new Map<string, number>();

  const nameOf = (id: string): string | null =>
    [...living.values()].findLast((inspected) => inspected.id === id)?.name ?? null;

  const parentOf = (machine: string, { id, _parent }: ActorLike): string | null => {
    // A parent may be told of after its child, and so may the supervisor.
    if (_parent !== undefined) return actorName(_parent);
    const parentId = parentIdOf(machine, id);
    return parentId === null || parentId === SUPERVISOR ? parentId : nameOf(parentId);
  };

  const start = (
    ref: ActorLike,
    { machine: { id: machine }, _nodes: nodes, value }: AnyMachineSnapshot,
  ): Inspected => {
    const { id } = ref;
    const name = actorName(ref);
    const at = now();
    const parent = parentOf(machine, ref);
    const states = leavesOf(value as StateValueLike);
    const counts = { received: 0, transitions: 0 };
    const inspected = { name, id, parent, machine, startedAt: at, ref, nodes, states, since: at, ...counts };
    const entry: Inspected = { ...inspected, taken: [], refused: [] };
    living.set(ref, entry);
    numStarted.set(machine, (numStarted.get(machine) ?? 0) + 1);
    publish({ kind: 'actor.started', at, actor: name, parent, machine, requestId: requestIdOf(id), states });
    return entry;
  };

  const log = (
    { name, machine }: Inspected,
    event: EventLike,
    from: readonly string[] | null,
    to: readonly string[],
  ): void => {
    const fields = { actor: name, event: event.type, from: from?.join(), to: to.join() };
    const error = event.error instanceof CodexpcError ? event.error : null;
    const sentence = `${machine}: ${to.join()}`;
    if (error !== null) logger.warn({ ...fields, code: error.code }, `${sentence}: ${error.message}`);
    else logger[levelOf(machine, to)](fields, sentence);
  };

  /** What became of one event, all its steps together. */
  const conclude = (entry: Inspected, event: EventLike, snapshot: AnyMachineSnapshot): void => {
    const { name: actor, states: from, taken, refused } = entry;
    const at = now();
    const to = leavesOf(snapshot.value as StateValueLike);
    const hasMoved = from.join() !== to.join();
    entry.nodes = snapshot._nodes;
    entry.taken = [];
    entry.refused = [];
    if (hasMoved) {
      entry.states = to;
      entry.since = at;
    }
    if (taken.length > 0) entry.transitions += 1;
    const { type } = event;
    if (hasMoved || (taken.length > 0 && !QUIET_EVENTS.includes(type)))
      publish({ kind: 'actor.transition', at, actor, event: type, from, to, taken, refused });
    else if (taken.length === 0 && !type.startsWith('xstate.') && !QUIET_EVENTS.includes(type))
      publish({ kind: 'event.ignored', at, actor, event: type, states: to, refused });
    if (hasMoved || snapshot.status !== 'active') log(entry, event, from, to);
    if (snapshot.status === 'active') return;
    living.delete(entry.ref);
    publish({ kind: 'actor.stopped', at, actor });
  };

  return {
    inspect: (inspection) => {
      const entry = living.get(inspection.actorRef);
      switch (inspection.type) {
        case '@xstate.event':
          if (entry !== undefined) entry.received += 1;
          break;
        case '@xstate.microstep':
          if (entry === undefined) break;
          for (const transition of inspection._transitions) {
            entry.taken.push(transitionId(transition));
            entry.refused.push(...guardsBefore(transition));
          }
          if (inspection._transitions.length === 0)
            entry.refused.push(...guardsAgainst(entry.nodes, inspection.event.type));
          break;
        case '@xstate.snapshot': {
          const snapshot = inspection.snapshot as AnyMachineSnapshot;
          if (snapshot.value === undefined) break; // no machine
          if (entry !== undefined) {
            conclude(entry, inspection.event, snapshot);
            break;
          }
          if (snapshot.status === 'stopped') break;
          const started = start(inspection.actorRef as unknown as ActorLike, snapshot);
          log(started, inspection.event, null, started.states);
          break;
        }
        case '@xstate.actor':
        case '@xstate.transition':
        case '@xstate.action':
          break;
      }
    },
    actors: () => [...[...living.values()].map(viewOf), ...[...adopted].map((view) => view())],
    adopt: (requestId, view) => {
      adopted.add(view);
      return { actor: nameOf(sessionActorId(requestId)), release: () => void adopted.delete(view) };
    },
    numStarted: (machine) => numStarted.get(machine) ?? 0,
  };
};

const viewOf = (entry: Inspected): ActorView => {
  const { name: actor, parent, machine, id, startedAt, states, since, received, transitions, ref } = entry;
  const { context } = ref.getSnapshot() as AnyMachineSnapshot;
  return {
    actor,
    parent,
    machine,
    requestId: requestIdOf(id),
    startedAt,
    states,
    since,
    received,
    mailbox: numWaiting(ref),
    transitions,
    context: summaryOf(context),
  };
};

const levelOf = (machine: string, states: readonly string[]): 'warn' | 'info' | 'debug' => {
  if (states.some((state) => WARNING_STATES.includes(state))) return 'warn';
  return INFO_MACHINES.includes(machine) ? 'info' : 'debug';
};

interface EventLike {
  readonly type: string;
  readonly error?: unknown;
}
type StateValueLike = string | { readonly [state: string]: StateValueLike | undefined };
interface Mail {
  readonly next: Mail | null;
}
/** An actor with what xstate keeps to itself. */
interface ActorLike {
  readonly id: string;
  readonly sessionId: string;
  readonly _parent?: ActorLike;
  readonly logic: { readonly id?: string };
  readonly mailbox: { readonly _current: Mail | null };
  getSnapshot(): unknown;
}

/** Actors without an id of their own are called by their machine's; the supervisor is the only one. */
const actorName = ({ id, sessionId, logic }: ActorLike): string => {
  const machine = logic.id ?? id;
  if (machine === SUPERVISOR) return SUPERVISOR;
  return `${/^x:\d+$/.test(id) ? machine : id}#${sessionId}`;
};

const numWaiting = ({ mailbox }: ActorLike): number => {
  let count = 0;
  for (let mail = mailbox._current; mail !== null; mail = mail.next) count += 1;
  return count;
};

/** `{ running: { engineUp: 'ready' } }` → `running.engineUp.ready` */
const leavesOf = (value: StateValueLike): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : Object.entries(value).flatMap(([state, inner]) =>
        inner === undefined ? [] : leavesOf(inner).map((leaf) => `${state}.${leaf}`),
      );
