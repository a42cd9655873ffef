// The one place where machines are looked at: xstate's inspection events as log lines and for the debug stream.
// Machines log nothing themselves.

import type { InspectionEvent } from 'xstate';
import type { Logger } from 'pino';
import { CodexpcError } from '../errors.js';
import type { WatchEvent } from '../ipc/protocol.js';

export interface InspectorOptions {
  readonly logger: Logger;
  readonly publish: (event: WatchEvent) => void;
  readonly now: () => number;
}

/** Machines whose actors are roots of their own, beneath the supervisor all the same. */
const SUPERVISED: readonly string[] = ['engine', 'session', 'frontEnd', 'httpFrontEnd'];

/** Machines that everybody may want to read about; the rest is at debug. */
const INFO_MACHINES: readonly string[] = ['supervisor', 'engine'];
/** States that somebody should look at. */
const WARNING_STATES: readonly string[] = ['late', 'lost', 'running.degraded'];

export const createInspector = ({
  logger,
  publish,
  now,
}: InspectorOptions): ((event: InspectionEvent) => void) => {
  const states = new WeakMap<object, readonly string[]>();

  return ({ actorRef, ...inspected }) => {
    if (inspected.type !== '@xstate.snapshot') return;
    const { snapshot, event } = inspected as typeof inspected & { snapshot: MachineLike };
    if (snapshot.value === undefined) return; // no machine
    const { id, sessionId, _parent: parent } = actorRef as unknown as ActorLike;
    const machine = snapshot.machine?.id ?? id;
    // Actors without a name of their own are called by their machine's.
    const actor = `${/^x:\d+$/.test(id) ? machine : id}#${sessionId}`;
    const to = leavesOf(snapshot.value);
    const from = states.get(actorRef);
    states.set(actorRef, to);
    if (from === undefined) {
      const above = SUPERVISED.includes(machine) ? 'supervisor' : (parent?.id ?? null);
      publish({ kind: 'actor.started', at: now(), actor, parent: above, machine });
    }
    if (from !== undefined && from.join() === to.join() && snapshot.status === 'active') return;
    publish({
      kind: 'actor.transition',
      at: now(),
      actor,
      event: event.type,
      from: [...(from ?? [])],
      to: [...to],
    });
    const fields = { actor, event: event.type, from: from?.join(), to: to.join() };
    const error = errorOf(event);
    const sentence = `${machine}: ${to.join()}`;
    if (error !== null) logger.warn({ ...fields, code: error.code }, `${sentence}: ${error.message}`);
    else logger[levelOf(machine, to)](fields, sentence);
    if (snapshot.status !== 'active') publish({ kind: 'actor.stopped', at: now(), actor });
  };
};

const levelOf = (machine: string, states: readonly string[]): 'warn' | 'info' | 'debug' => {
  if (states.some((state) => WARNING_STATES.includes(state))) return 'warn';
  return INFO_MACHINES.includes(machine) ? 'info' : 'debug';
};

const errorOf = (event: { readonly type: string; readonly error?: unknown }): CodexpcError | null =>
  event.error instanceof CodexpcError ? event.error : null;

interface MachineLike {
  readonly status: string;
  readonly value?: StateValueLike;
  readonly machine?: { readonly id: string };
}
type StateValueLike = string | { readonly [state: string]: StateValueLike | undefined };
interface ActorLike {
  readonly id: string;
  readonly sessionId: string;
  readonly _parent?: { readonly id: string };
}

/** `{ running: { engineUp: 'ready' } }` → `running.engineUp.ready` */
const leavesOf = (value: StateValueLike): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : Object.entries(value).flatMap(([state, inner]) =>
        inner === undefined ? [] : leavesOf(inner).map((leaf) => `${state}.${leaf}`),
      );
