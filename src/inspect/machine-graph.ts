// A machine's definition → states and transitions as plain data: what the debug page and docs/machines draw, and whose
// transition ids the debug stream uses. Pure.

import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate';
import type { MachineDefinition, MachineState, MachineTransition } from '../ipc/messages/machines.js';

export const machineGraph = (machine: AnyStateMachine): MachineDefinition => {
  const nodes = descendantsOf(machine.root);
  return {
    machine: machine.id,
    states: nodes.filter((node) => node !== machine.root).map(stateOf),
    transitions: nodes.flatMap((node) => candidatesOf(node).flatMap((group) => group.map(toTransition))),
  };
};

/** The id of a transition in its machine's graph. */
export const transitionId = (transition: AnyTransitionDefinition): string => {
  const { source, eventType } = transition;
  const order = groupOf(source, eventType).indexOf(transition);
  return `${pathOf(source)}|${eventType}|${order}`;
};

/** Names of the guards that come before it, for the same event in the same state: they did not hold. */
export const guardsBefore = (transition: AnyTransitionDefinition): readonly string[] => {
  const group = groupOf(transition.source, transition.eventType);
  return guardNames(group.slice(0, group.indexOf(transition)));
};

/** Names of all guards that an event meets in these states. */
export const guardsAgainst = (active: readonly AnyStateNode[], eventType: string): readonly string[] =>
  active.flatMap((node) => guardNames(node.transitions.get(eventType) ?? []));

export const pathOf = ({ path }: AnyStateNode): string => path.join('.');

const descendantsOf = (node: AnyStateNode): readonly AnyStateNode[] => [
  node,
  ...Object.values(node.states).flatMap(descendantsOf),
];

const candidatesOf = (node: AnyStateNode): ReadonlyArray<readonly AnyTransitionDefinition[]> => [
  ...node.transitions.values(),
  ...(node.always === undefined ? [] : [node.always]),
];

const groupOf = (node: AnyStateNode, eventType: string): readonly AnyTransitionDefinition[] =>
  (eventType === '' ? node.always : node.transitions.get(eventType)) ?? [];

const stateOf = (node: AnyStateNode): MachineState => {
  const { parent } = node;
  const isTop = parent === undefined || parent.parent === undefined;
  return {
    path: pathOf(node),
    name: node.key,
    parent: isTop ? null : pathOf(parent),
    kind: node.type === 'history' ? 'atomic' : node.type,
    initial: parent?.type === 'parallel' || parent?.initial?.target[0] === node,
    tags: [...node.tags],
    invokes: node.invoke.map(nameOfInvoked),
    entry: namesOf(node.entry),
    exit: namesOf(node.exit),
  };
};

const toTransition = (transition: AnyTransitionDefinition, order: number): MachineTransition => {
  const { source, eventType, target, guard, actions } = transition;
  return {
    id: transitionId(transition),
    from: pathOf(source),
    to: (target ?? []).map(pathOf),
    ...labelOf(source, eventType),
    event: eventType,
    guard: guard === undefined ? null : nameOf(guard),
    actions: namesOf(actions),
    order,
  };
};

const AFTER = 'xstate.after.';
const DONE = 'xstate.done.actor.';
const ERROR = 'xstate.error.actor.';

/** xstate's own event types have the state's id in them: not for a person. */
const labelOf = (node: AnyStateNode, eventType: string): Pick<MachineTransition, 'label' | 'kind'> => {
  if (eventType === '') return { kind: 'always', label: 'always' };
  if (eventType.startsWith(AFTER)) {
    const delay = eventType.slice(AFTER.length, -(node.id.length + 1));
    return { kind: 'after', label: `after ${delay}` };
  }
  for (const [kind, prefix] of [['done', DONE] as const, ['error', ERROR] as const]) {
    if (!eventType.startsWith(prefix)) continue;
    const invoked = node.invoke.find(({ id }) => id === eventType.slice(prefix.length));
    return { kind, label: `${kind} ${invoked === undefined ? '' : nameOfInvoked(invoked)}` };
  }
  return { kind: 'event', label: eventType };
};

const nameOfInvoked = ({ src, id }: { readonly src: unknown; readonly id: string }): string =>
  typeof src === 'string' ? src : id;

const namesOf = (named: readonly unknown[]): readonly string[] =>
  named.map(nameOf).filter((name) => name !== '');

const guardNames = (transitions: readonly AnyTransitionDefinition[]): readonly string[] =>
  transitions.flatMap(({ guard }) => (guard === undefined ? [] : [nameOf(guard)]));

/** Of an action or guard; '' for the timers that xstate writes into a state itself, `inline` for a bare function. */
const nameOf = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const { type, delay } = value as { readonly type?: unknown; readonly delay?: unknown };
  if (type === 'xstate.raise' || type === 'xstate.cancel')
    return delay === undefined && type === 'xstate.raise' ? 'raise' : '';
  if (typeof type === 'string') return type.replace(/^xstate\./, '');
  return 'inline';
};
