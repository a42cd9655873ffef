// A machine's graph as a Mermaid flowchart, nested states as subgraphs. Lines lead between innermost states only, as
// Mermaid refuses those from a subgraph into itself: a state that others lie within is left from its small circle, and
// entered by its initial state. Pure.

import type { MachineDefinition, MachineState, MachineTransition } from '../ipc/messages/machines.js';

export const drawMermaid = (graph: MachineDefinition): string => {
  const byPath = new Map(graph.states.map((state) => [state.path, state]));
  const childrenOf = (path: string | null): readonly MachineState[] =>
    graph.states.filter(({ parent }) => parent === path);
  const hasCircle = (path: string): boolean =>
    graph.transitions.some(({ from, to }) => from === path && to.length > 0);

  const drawStates = (path: string | null, indent: string): readonly string[] =>
    childrenOf(path).flatMap((state) => {
      if (childrenOf(state.path).length === 0) return [`${indent}${nodeOf(state)}`];
      return [
        `${indent}subgraph ${idOf(state.path)}["${state.name}"]`,
        ...(hasCircle(state.path) ? [`${indent}  ${circleOf(state.path)}((" "))`] : []),
        ...drawStates(state.path, `${indent}  `),
        `${indent}end`,
      ];
    });

  /** The innermost state that is active when this one is entered. */
  const entryOf = (path: string): string => {
    const first = childrenOf(path).find(({ initial }) => initial);
    return first === undefined ? path : entryOf(first.path);
  };

  const sourceOf = (path: string): string =>
    path === '' || (byPath.get(path)?.kind ?? 'atomic') === 'compound' ? circleOf(path) : idOf(path);

  const drawTransition = (transition: MachineTransition): readonly string[] =>
    transition.to.map(
      (target) => `  ${sourceOf(transition.from)} -->|"${labelOf(transition)}"| ${idOf(entryOf(target))}`,
    );

  const start = childrenOf(null).find(({ initial }) => initial);
  return [
    'flowchart TB',
    ...(hasCircle('') ? [`  ${circleOf('')}((" "))`] : []),
    ...(start === undefined ? [] : ['  start((" "))']),
    ...drawStates(null, '  '),
    ...(start === undefined ? [] : [`  start --> ${idOf(entryOf(start.path))}`]),
    ...graph.transitions.flatMap(drawTransition),
    '',
  ].join('\n');
};

/** Prefixed: `end` and some others are words of Mermaid's. */
const idOf = (path: string): string => `s_${path.replaceAll('.', '_')}`;
const circleOf = (path: string): string => `${idOf(path)}_any`;

const nodeOf = ({ path, name, kind }: MachineState): string =>
  kind === 'final' ? `${idOf(path)}(["${name}"])` : `${idOf(path)}["${name}"]`;

const labelOf = ({ label, guard }: MachineTransition): string =>
  guard === null ? label : `${label} [${guard}]`;
