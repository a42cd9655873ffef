// The events that the page has, a bounded number of them, and the worlds between them: what makes stepping back and
// forward possible. Worlds are kept at intervals; those between are made again from the events.

import type { WatchEvent } from '../../ipc/protocol.js';
import { applyEvent, EMPTY_WORLD, type World } from './world.js';

export interface History {
  push(event: WatchEvent): void;
  /** Number of the oldest event that is kept, and of the one to come. */
  first(): number;
  end(): number;
  /** The event of that number; null: it is not kept. */
  at(number: number): WatchEvent | null;
  /** The world after the event of that number; before the first one, what was known then. */
  worldAfter(number: number): World;
  latest(): World;
  /** The nearest number before or after that fits; null: none. */
  find(options: FindOptions): number | null;
  /** What is kept, with the world before it as far as events can tell of it. */
  events(): readonly WatchEvent[];
}

export interface FindOptions {
  readonly from: number;
  readonly direction: 'back' | 'forward';
  readonly matches: (event: WatchEvent) => boolean;
}

const BLOCK_EVENTS = 256;

interface Block {
  readonly first: number;
  readonly before: World;
  readonly events: WatchEvent[];
}

export const createHistory = (maxEvents: number): History => {
  let blocks: Block[] = [{ first: 0, before: EMPTY_WORLD, events: [] }];
  let latest = EMPTY_WORLD;
  let end = 0;

  const pushOne = (event: WatchEvent): void => {
    let block = blocks.at(-1)!;
    if (block.events.length === BLOCK_EVENTS) {
      block = { first: end, before: latest, events: [] };
      blocks.push(block);
      const numKept = Math.max(1, Math.ceil(maxEvents / BLOCK_EVENTS));
      if (blocks.length > numKept) blocks = blocks.slice(-numKept);
    }
    block.events.push(event);
    latest = applyEvent(latest, event);
    end += 1;
  };

  const blockOf = (number: number): Block | undefined =>
    blocks.findLast(({ first, events }) => first <= number && number < first + events.length);

  const at = (number: number): WatchEvent | null => {
    const block = blockOf(number);
    return block?.events[number - block.first] ?? null;
  };

  const first = (): number => blocks[0]!.first;

  return {
    // What happened before can be stepped through like the rest.
    push: (event) => (event.kind === 'history' ? event.events.forEach(pushOne) : pushOne(event)),
    first,
    end: () => end,
    at,
    worldAfter: (number) => {
      if (number >= end - 1) return latest;
      const block = blockOf(number);
      if (block === undefined) return blocks[0]!.before;
      return block.events.slice(0, number - block.first + 1).reduce(applyEvent, block.before);
    },
    latest: () => latest,
    find: ({ from, direction, matches }) => {
      const step = direction === 'back' ? -1 : 1;
      for (let number = from + step; number >= first() && number < end; number += step) {
        if (matches(at(number)!)) return number;
      }
      return null;
    },
    events: () => [...introduction(blocks[0]!.before), ...blocks.flatMap(({ events }) => events)],
  };
};

/** A world as the snapshot that leads to it. Before the first status nothing had been known. */
const introduction = ({ at, actors, status, hasContent }: World): readonly WatchEvent[] =>
  status === null
    ? []
    : [
        {
          kind: 'snapshot',
          at,
          actors: [...actors.values()]
            .filter(({ endedAt }) => endedAt === null)
            .map(({ last: _, endedAt: __, context, ...view }) => ({ ...view, context: context ?? {} })),
          status,
          content: hasContent,
          faults: [],
        },
      ];
