// The whole screen as lines, for any size. Pure.

import type { WatchModel } from '../../inspect/watch-model.js';
import type { MachineDefinition } from '../../ipc/protocol.js';
import { happeningsOf } from './draw-happenings.js';
import { drawFigures } from './draw-figures.js';
import { drawTree, type TreeLine } from './draw-tree.js';
import { type Line, type Piece, styled } from './line.js';

export interface ScreenState {
  readonly model: WatchModel;
  readonly machines: ReadonlyMap<string, MachineDefinition>;
  readonly now: number;
  readonly filter: string;
  readonly selected: string | null;
  /** Upper right: live, paused, replaying. */
  readonly mode: Piece;
  /** The lowest line: keys, a question, or what became of the last key. */
  readonly footer: Line;
}

export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** Rows from which on there is room for all figures. */
const TALL = 20;
const MIN_HAPPENINGS = 3;

export const drawScreen = (state: ScreenState, { columns, rows }: ScreenSize): readonly Line[] => {
  const { model, machines, now, filter, selected } = state;
  const figures = drawFigures(model, state.mode, columns, rows >= TALL ? 4 : rows >= 12 ? 2 : 1);
  const tree = drawTree(model, { machines, width: columns, now, filter, selected });
  const body = Math.max(0, rows - figures.length - 3); // two rules and the footer
  const wanted = Math.max(MIN_HAPPENINGS, Math.floor(body / 3));
  const numTree = Math.max(0, Math.min(tree.length, body - Math.min(wanted, body)));
  const numHappenings = body - numTree;
  const happenings = numHappenings === 0 ? [] : happeningsOf(model, filter).slice(-numHappenings);
  const padded = [...happenings, ...Array<Line>(Math.max(0, numHappenings - happenings.length)).fill([])];
  const title = filter === '' ? 'last' : `last, with "${filter}"`;
  return [
    ...figures,
    rule(columns, tree.length > numTree ? `actors, ${numTree} of ${tree.length}` : 'actors'),
    ...windowOf(tree, selected, numTree).map(({ line }) => line),
    rule(columns, title),
    ...padded.slice(0, numHappenings),
    state.footer,
  ].slice(-rows);
};

const rule = (width: number, title: string): Line => [
  styled('dim', `── ${title} ${'─'.repeat(Math.max(0, width - title.length - 4))}`),
];

/** So many lines that the selected one is among them. */
const windowOf = (lines: readonly TreeLine[], selected: string | null, size: number): readonly TreeLine[] => {
  const at = lines.findIndex(({ actor }) => actor === selected);
  const from = Math.max(0, Math.min(at - Math.floor(size / 2), lines.length - size));
  return lines.slice(from, from + size);
};
