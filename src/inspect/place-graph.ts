// Where everything of a machine is drawn. The Eclipse Layout Kernel places states and lines; what it is told of
// the size of text holds for every monospaced font whose letters are at most 0.61 em wide (DejaVu Sans Mono: 0.602).

import type { ELK as Elk, ElkExtendedEdge, ElkNode, ElkPoint } from 'elkjs/lib/elk-api.js';
import type { MachineDefinition, MachineState, MachineTransition } from '../ipc/messages/machines.js';

export interface DiagramLayout {
  readonly machine: string;
  readonly width: number;
  readonly height: number;
  readonly states: readonly PlacedState[];
  readonly lines: readonly PlacedLine[];
  readonly starts: readonly PlacedStart[];
}

export interface PlacedState extends Box {
  readonly state: MachineState;
  /** What it does without leaving: written into its box. */
  readonly notes: readonly PlacedText[];
}

/** One line for all transitions from one state to another. */
export interface PlacedLine {
  readonly points: readonly ElkPoint[];
  readonly texts: readonly PlacedText[];
  /** Ids. */
  readonly transitions: readonly string[];
}

/** The dot from which a line leads to an initial state. */
export interface PlacedStart {
  readonly at: ElkPoint;
  readonly points: readonly ElkPoint[];
}

export interface PlacedText extends Box {
  readonly text: string;
  /** Its id; null: it says nothing of one. */
  readonly transition: string | null;
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Pixels of the drawing. */
export const NAME_SIZE = 12;
export const LABEL_SIZE = 10;
const LABEL_LINE = 13;
const HEADER = 26;
const START_RADIUS = 4;

const textWidth = (text: string, size: number): number => Math.ceil(text.length * size * 0.61);

export const placeGraph = async (
  elk: Pick<Elk, 'layout'>,
  graph: MachineDefinition,
): Promise<DiagramLayout> => {
  const laidOut = await elk.layout(toElk(graph));
  const states: PlacedState[] = [];
  const starts = new Map<string, ElkPoint>();
  const visit = (node: ElkNode): void => {
    const box = boxOf(node);
    if (node.id.startsWith(START)) starts.set(node.id, centreOf(box));
    const state = graph.states.find(({ path }) => path === node.id);
    if (state !== undefined) states.push({ ...box, state, notes: notesIn(box, notesOf(graph, state.path)) });
    for (const child of node.children ?? []) visit(child);
  };
  visit(laidOut);

  const edges = laidOut.edges ?? [];
  const groups = groupsOf(graph);
  return {
    machine: graph.machine,
    width: Math.ceil(laidOut.width ?? 0),
    height: Math.ceil(laidOut.height ?? 0),
    states,
    lines: edges
      .filter(({ id }) => id.startsWith(EDGE))
      .map((edge) => lineOf(edge, groups[Number(edge.id.slice(EDGE.length))]!)),
    starts: edges
      .filter(({ id }) => id.startsWith(START))
      .map((edge) => ({ at: starts.get(edge.sources[0]!)!, points: pointsOf(edge) })),
  };
};

const START = 'start:';

const OPTIONS = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.spacing.nodeNode': '26',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '10',
  'elk.spacing.edgeLabel': '3',
  'elk.spacing.labelNode': '6',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '12',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '8',
  'elk.layered.nodePlacement.strategy': 'BRANDES_KOEPF',
  'elk.padding': '[top=8,left=8,bottom=8,right=8]',
};

const toElk = (graph: MachineDefinition): ElkNode => ({
  id: ROOT,
  layoutOptions: OPTIONS,
  children: childrenOf(graph, null),
  edges: [...startEdges(graph), ...edgesOf(graph)],
});

const ROOT = 'root';

const childrenOf = (graph: MachineDefinition, parent: string | null): ElkNode[] => {
  const children = graph.states.filter((state) => state.parent === parent);
  if (children.length === 0) return [];
  const start = children.filter(({ initial }) => initial).length === 1;
  return [
    ...(start ? [{ id: START + (parent ?? ''), width: 2 * START_RADIUS, height: 2 * START_RADIUS }] : []),
    ...children.map((state) => nodeOf(graph, state)),
  ];
};

const nodeOf = (graph: MachineDefinition, state: MachineState): ElkNode => {
  const notes = notesOf(graph, state.path);
  const width = Math.max(
    64,
    textWidth(state.name, NAME_SIZE) + 28,
    ...notes.map(({ text }) => textWidth(text, LABEL_SIZE) + 20),
  );
  const top = HEADER + notes.length * LABEL_LINE + (notes.length > 0 ? 4 : 0);
  const children = childrenOf(graph, state.path);
  if (children.length === 0) return { id: state.path, width, height: top };
  return {
    id: state.path,
    children,
    layoutOptions: {
      ...OPTIONS,
      'elk.padding': `[top=${top + 10},left=14,bottom=14,right=14]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width},${top})`,
    },
  };
};

interface Note {
  readonly text: string;
  readonly transition: string | null;
}

/** The work a state runs, and the events that it takes without leaving. */
const notesOf = (graph: MachineDefinition, path: string): readonly Note[] => [
  ...(graph.states.find((state) => state.path === path)?.invokes ?? []).map((name) => ({
    text: `⟳ ${name}`,
    transition: null,
  })),
  ...graph.transitions
    .filter(({ from, to }) => from === path && to.length === 0)
    .map((transition) => ({
      text: [labelWithGuard(transition), ...transition.actions].join(' / '),
      transition: transition.id,
    })),
];

const notesIn = ({ x, y, width }: Box, notes: readonly Note[]): readonly PlacedText[] =>
  notes.map((note, index) => ({
    ...note,
    x: x + 10,
    y: y + HEADER + index * LABEL_LINE,
    width: width - 20,
    height: LABEL_LINE,
  }));

const startEdges = (graph: MachineDefinition): ElkExtendedEdge[] =>
  graph.states
    .filter(
      (state) =>
        state.initial &&
        graph.states.filter(({ parent, initial }) => parent === state.parent && initial).length === 1,
    )
    .map(({ path, parent }) => ({
      id: START + path,
      sources: [START + (parent ?? '')],
      targets: [path],
      layoutOptions: { 'elk.layered.priority.direction': '10' }, // what comes first is drawn first
    }));

/** What one line stands for, in the order of its label's lines. */
const groupsOf = ({ transitions }: MachineDefinition): ReadonlyArray<readonly Way[]> => {
  const byEnds = new Map<string, Way[]>();
  for (const transition of transitions) {
    for (const to of transition.to) {
      const ends = `${transition.from} ${to}`;
      byEnds.set(ends, [...(byEnds.get(ends) ?? []), { transition, to }]);
    }
  }
  return [...byEnds.values()];
};

interface Way {
  readonly transition: MachineTransition;
  readonly to: string;
}

const edgesOf = (graph: MachineDefinition): ElkExtendedEdge[] =>
  groupsOf(graph).map((ways, index) => {
    const { transition, to } = ways[0]!;
    const texts = ways.map((way) => labelWithGuard(way.transition));
    const ends = [transition.from === '' ? START : transition.from, to] as const;
    const [source, target] = leadsBack(graph, ends) ? [ends[1], ends[0]] : ends;
    return {
      id: `${EDGE}${index}`,
      sources: [source],
      targets: [target],
      labels: [
        {
          id: `label:${index}`,
          text: texts.join('\n'),
          width: Math.max(...texts.map((text) => textWidth(text, LABEL_SIZE))),
          height: texts.length * LABEL_LINE,
        },
      ],
    };
  });

const EDGE = 'edge:';

/**
 * States are written in the order in which they come, so they are to be drawn in it: a line to an earlier one is laid
 * out from its end. (ELK's own way to this, MODEL_ORDER, fails on graphs whose lines cross the borders of states.)
 */
const leadsBack = (graph: MachineDefinition, [from, to]: readonly [string, string]): boolean => {
  if (from.startsWith(`${to}.`) || to.startsWith(`${from}.`)) return false;
  const place = (path: string): number => graph.states.findIndex((state) => state.path === path);
  return place(to) < place(from);
};

const labelWithGuard = ({ label, guard }: MachineTransition): string =>
  guard === null ? label : `${label} [${guard}]`;

const lineOf = (edge: ElkExtendedEdge, ways: readonly Way[]): PlacedLine => {
  const { x, y, width } = boxOf(edge.labels?.[0] ?? {});
  const points = pointsOf(edge);
  return {
    points: edge.targets[0] === ways[0]!.to ? points : points.toReversed(),
    transitions: ways.map(({ transition }) => transition.id),
    texts: ways.map(({ transition }, index) => ({
      x,
      y: y + index * LABEL_LINE,
      width,
      height: LABEL_LINE,
      text: labelWithGuard(transition),
      transition: transition.id,
    })),
  };
};

const pointsOf = ({ sections = [] }: ElkExtendedEdge): readonly ElkPoint[] =>
  sections.flatMap(({ startPoint, bendPoints = [], endPoint }) => [startPoint, ...bendPoints, endPoint]);

const boxOf = ({ x = 0, y = 0, width = 0, height = 0 }: Partial<Box>): Box => ({ x, y, width, height });

const centreOf = ({ x, y, width, height }: Box): ElkPoint => ({ x: x + width / 2, y: y + height / 2 });
