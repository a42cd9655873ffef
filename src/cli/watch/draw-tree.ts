// The actors as a tree, each with its states: those beside the active one where the line has room for them. Pure.

import { LINGER_MS, type SeenActor, type SeenMessage, type WatchModel } from '../../inspect/watch-model.js';
import type { MachineDefinition } from '../../ipc/protocol.js';
import { formatDuration } from '../format.js';
import { type Line, plain, spread, styled, textOf, widthOf } from './line.js';

export interface TreeOptions {
  readonly machines: ReadonlyMap<string, MachineDefinition>;
  readonly width: number;
  /** For the time in a state. */
  readonly now: number;
  /** Only actors with this in their line, and those above them; '' = all. */
  readonly filter: string;
  /** A session's actor; null: none. */
  readonly selected: string | null;
}

export interface TreeLine {
  readonly actor: string;
  readonly line: Line;
}

/** In this order beneath the supervisor; others follow. */
const ORDER = ['engine', 'frontEnd', 'httpFrontEnd', 'session'];
const NAME_WIDTH = 26;
const MIN_NAME_WIDTH = 14;

export const drawTree = (model: WatchModel, options: TreeOptions): readonly TreeLine[] => {
  const all = [...model.actors.values()].filter(
    ({ stoppedAt }) => stoppedAt === null || options.now - stoppedAt <= LINGER_MS,
  );
  const known = new Set(all.map(({ actor }) => actor));
  const childrenOf = (parent: string | null): readonly SeenActor[] =>
    all
      .filter((actor) => (actor.parent !== null && known.has(actor.parent) ? actor.parent : null) === parent)
      .sort((a, b) => rankOf(a) - rankOf(b) || a.startedAt - b.startedAt);

  const wanted = options.filter.toLowerCase();
  const isWanted = (actor: SeenActor): boolean =>
    textOf(drawActor(actor, '', model, options))
      .toLowerCase()
      .includes(wanted) || childrenOf(actor.actor).some(isWanted);

  const linesOf = (actors: readonly SeenActor[], indent: string, depth: number): readonly TreeLine[] =>
    actors.filter(isWanted).flatMap((actor, index, shown) => {
      const isLast = index === shown.length - 1;
      const branch = depth === 0 ? '' : `${indent}${isLast ? '└ ' : '├ '}`;
      const inner = depth === 0 ? '' : `${indent}${isLast ? '  ' : '│ '}`;
      const line = drawActor(actor, branch, model, options);
      return [{ actor: actor.actor, line }, ...linesOf(childrenOf(actor.actor), inner, depth + 1)];
    });

  return linesOf(childrenOf(null), '', 0);
};

const rankOf = ({ machine }: SeenActor): number => {
  const rank = ORDER.indexOf(machine);
  return rank === -1 ? ORDER.length : rank;
};

const drawActor = (
  actor: SeenActor,
  branch: string,
  model: WatchModel,
  { machines, width, now, selected }: TreeOptions,
): Line => {
  const isSelected = actor.actor === selected;
  const nameWidth = width >= 70 ? NAME_WIDTH : MIN_NAME_WIDTH;
  const name = `${branch}${titleOf(actor)}`.slice(0, nameWidth - 1).padEnd(nameWidth);
  const head: Line = [
    styled(isSelected ? 'yellow' : 'plain', isSelected ? '▸' : ' '),
    styled(actor.stoppedAt === null ? 'bold' : 'dim', name),
  ];
  const elapsedMs = Math.max(0, (actor.stoppedAt ?? now) - actor.since);
  const time: Line = [styled('dim', ` ${formatDuration(elapsedMs)}`)];
  const room = width - widthOf(head) - widthOf(time) - 1;
  const message = messageOf(actor, model);
  const states = drawStates(actor, machines.get(actor.machine), room - widthOf(message));
  return spread([...head, ...states, ...message], time, width);
};

const titleOf = ({ actor, machine, requestId }: SeenActor): string => {
  switch (machine) {
    case 'session':
      return `session ${requestId ?? actor}`;
    case 'toolCall':
      return 'tool call';
    case 'frontEnd':
      return 'front end';
    case 'httpFrontEnd':
      return 'HTTP front end';
    default:
      return machine;
  }
};

/** `alive › starting idle loading [ready] generating`, or `alive › [ready]` where that is too long. */
const drawStates = (actor: SeenActor, machine: MachineDefinition | undefined, room: number): Line =>
  actor.states.flatMap((path, index) => {
    const parts = path.split('.');
    const above = parts.slice(0, -1).flatMap((part) => [styled('dim', `${part} › `)]);
    const leaf = parts.at(-1) ?? '';
    const separator = index === 0 ? [] : [plain('  ')];
    const active = styled(actor.stoppedAt === null ? styleOf(leaf) : 'dim', `[${leaf}]`);
    const parent = parts.length === 1 ? null : parts.slice(0, -1).join('.');
    const siblings = machine?.states.filter((state) => state.parent === parent) ?? [];
    const full = siblings.flatMap(({ name }, place) => [
      ...(place === 0 ? [] : [plain(' ')]),
      name === leaf ? active : styled('dim', name),
    ]);
    for (const line of [
      [...above, ...full],
      [...above, active],
    ])
      if (full.length > 0 && widthOf(line) <= room) return [...separator, ...line];
    return [...separator, active];
  });

const BAD = ['failed', 'lost', 'crashed', 'degraded', 'timedOut', 'capped', 'refused', 'invalid'];
const WAITING = ['late', 'recovering', 'paused', 'queued', 'waiting', 'cancelled', 'draining', 'stopping'];

const styleOf = (state: string) =>
  BAD.includes(state) ? 'red' : WAITING.includes(state) ? 'yellow' : 'green';

/** What a decoder is writing now. */
const messageOf = ({ machine, requestId, stoppedAt }: SeenActor, { messages }: WatchModel): Line => {
  if (machine !== 'decoder' || requestId === null || stoppedAt !== null) return [];
  const last: SeenMessage | undefined = messages.get(requestId)?.at(-1);
  if (last === undefined || last.source === 'prompt') return [];
  const to = last.recipient === null ? '' : ` to ${last.recipient}`;
  return [
    styled('yellow', `  ${last.channel ?? 'no channel'}${to}`),
    styled('dim', ` ${last.numTokens} tokens`),
  ];
};
