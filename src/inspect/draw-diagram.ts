// A laid out machine as SVG. States and transitions carry their names (data-state, data-transition), so that whoever
// shows the drawing can light them up; its colours are those of the page around it, or of `standaloneStyle`.

import {
  type DiagramLayout,
  LABEL_SIZE,
  NAME_SIZE,
  type PlacedLine,
  type PlacedState,
} from './place-graph.js';
import type { PlacedStart, PlacedText } from './place-graph.js';

export interface DrawOptions {
  readonly title: string;
  /** CSS within the drawing; null: the page has it. */
  readonly style: string | null;
}

export const drawDiagram = (layout: DiagramLayout, { title, style }: DrawOptions): string => {
  const { machine, width, height, states, lines, starts } = layout;
  const arrow = `arrow-${machine}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="diagram" data-machine="${escape(machine)}" ` +
      `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(title)}">`,
    `<title>${escape(title)}</title>`,
    ...(style === null ? [] : [`<style>${style}</style>`]),
    `<defs><marker id="${escape(arrow)}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" ` +
      'orient="auto-start-reverse"><path class="arrow" d="M0 0.5 8 4 0 7.5z"/></marker></defs>',
    ...states.map(drawState),
    ...starts.map((start) => drawStart(start, arrow)),
    ...lines.map((line) => drawLine(line, arrow)),
    ...lines.flatMap(({ texts }) => texts.map(drawLabel)),
    '</svg>',
  ].join('\n');
};

/** For a drawing that is looked at by itself: readable on light and dark. */
export const STANDALONE_STYLE = [
  'svg{background:#fff;--ink:#1f2328;--soft:#59636e;--line:#8c959f;--box:#f6f8fa;--group:#fff}',
  '@media(prefers-color-scheme:dark){svg{background:#0d1117;--ink:#e6edf3;--soft:#9198a1;--line:#6e7681;--box:#161b22;--group:#0d1117}}',
  'text{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}',
  `.name{font-size:${NAME_SIZE}px;fill:var(--ink);font-weight:600}`,
  `.note,.label{font-size:${LABEL_SIZE}px;fill:var(--soft)}`,
  '.box{fill:var(--box);stroke:var(--line)}.compound>.box,.parallel>.box{fill:var(--group)}',
  '.rim,.line{fill:none;stroke:var(--line)}.arrow,.start{fill:var(--line)}',
  '.note,.label{paint-order:stroke;stroke:var(--group);stroke-width:3px;stroke-linejoin:round}',
].join('');

const drawState = ({ state, x, y, width, height, notes }: PlacedState): string => {
  const { path, name, kind } = state;
  const rim =
    kind === 'final'
      ? `<rect class="rim" x="${x + 3}" y="${y + 3}" width="${width - 6}" height="${height - 6}" rx="4"/>`
      : '';
  return [
    `<g class="state ${kind}" data-state="${escape(path)}">`,
    `<rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>${rim}`,
    `<text class="name" x="${x + 10}" y="${y + 17}">${escape(name)}</text>`,
    ...notes.map(drawNote),
    '</g>',
  ].join('');
};

const drawNote = (note: PlacedText): string => drawText('note', note);
const drawLabel = (label: PlacedText): string => drawText('label', label);

const drawText = (kind: string, { x, y, text, transition }: PlacedText): string => {
  const own = transition === null ? '' : ` data-transition="${escape(transition)}"`;
  return `<text class="${kind}"${own} x="${x}" y="${y + 10}">${escape(text)}</text>`;
};

const drawStart = ({ at, points }: PlacedStart, arrow: string): string =>
  `<circle class="start" cx="${at.x}" cy="${at.y}" r="4"/>` +
  `<path class="line" d="${pathThrough(points)}" marker-end="url(#${escape(arrow)})"/>`;

const drawLine = ({ points, transitions }: PlacedLine, arrow: string): string =>
  `<path class="line" data-transitions="${escape(transitions.join(' '))}" d="${pathThrough(points)}" ` +
  `marker-end="url(#${escape(arrow)})"/>`;

const CORNER = 5;

/** Straight pieces with rounded corners. */
const pathThrough = (points: readonly Point[]): string =>
  points
    .map((point, index) => {
      const before = points[index - 1];
      const after = points[index + 1];
      if (before === undefined) return `M${at(point)}`;
      if (after === undefined) return `L${at(point)}`;
      return `L${at(towards(point, before))}Q${at(point)} ${at(towards(point, after))}`;
    })
    .join('');

interface Point {
  readonly x: number;
  readonly y: number;
}

const towards = (from: Point, to: Point): Point => {
  const distance = Math.hypot(to.x - from.x, to.y - from.y);
  const share = distance === 0 ? 0 : Math.min(CORNER, distance / 2) / distance;
  return { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share };
};

const at = ({ x, y }: Point): string => `${round(x)} ${round(y)}`;

const round = (value: number): number => Math.round(value * 10) / 10;

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
