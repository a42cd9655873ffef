// Events in the order of their time, and a place among them: the state of everything there, one event further or back.
// The same for a live stream, where the place follows the end, and for a recording. Pure.

import type { WatchEvent } from '../ipc/protocol.js';
import { applyEvent, copyModel, EMPTY_MODEL, type WatchModel } from './watch-model.js';

export interface Player {
  /** The newest event, or what was before the newest snapshot. */
  push(event: WatchEvent): void;
  /** Whether the place, when it is at the end, stays there as more comes. At first it does. */
  follow(isFollowing: boolean): void;
  /** The state after the event at the place. */
  model(): WatchModel;
  /** Events up to the place, the one at it included. */
  position(): number;
  length(): number;
  /** The event that was applied last; null: none. */
  current(): WatchEvent | null;
  /** The one that comes next; null: there is none. */
  next(): WatchEvent | null;
  seek(position: number): void;
}

export interface PlayerOptions {
  /** Older events cannot be gone back to. */
  readonly maxEvents: number;
}

export const createPlayer = ({ maxEvents }: PlayerOptions): Player => {
  let events: WatchEvent[] = [];
  const base = copyModel(EMPTY_MODEL); // before the first event that is kept
  let model = copyModel(EMPTY_MODEL);
  let position = 0;
  let isFollowing = true;

  const append = (event: WatchEvent): void => {
    const follows = isFollowing && position === events.length;
    events.push(event);
    if (follows) {
      applyEvent(model, event);
      position = events.length;
    }
    forgetOldest();
  };

  /** In portions, so that it costs little on average. */
  const forgetOldest = (): void => {
    if (events.length <= maxEvents * 1.25) return;
    const numForgotten = events.length - maxEvents;
    for (const event of events.slice(0, numForgotten)) applyEvent(base, event);
    events = events.slice(numForgotten);
    if (position < numForgotten) model = copyModel(base);
    position = Math.max(0, position - numForgotten);
  };

  /** What comes as history happened before the snapshot that it follows. */
  const insertHistory = (past: readonly WatchEvent[]): void => {
    const at = events.findLastIndex(({ kind }) => kind === 'snapshot');
    const index = at === -1 ? 0 : at;
    const wasBehind = position > index;
    events = [...events.slice(0, index), ...past, ...events.slice(index)];
    if (wasBehind) position += past.length;
    if (wasBehind && position === events.length) replay(position); // its lines belong to what happened last
  };

  const replay = (to: number): void => {
    model = copyModel(base);
    for (const event of events.slice(0, to)) applyEvent(model, event);
    position = to;
  };

  return {
    follow: (value) => {
      isFollowing = value;
    },
    push: (event) => {
      if (event.kind === 'history') insertHistory(event.events);
      else append(event);
    },
    model: () => model,
    position: () => position,
    length: () => events.length,
    current: () => events[position - 1] ?? null,
    next: () => events[position] ?? null,
    seek: (wanted) => {
      const to = Math.min(events.length, Math.max(0, wanted));
      if (to < position) {
        replay(to);
        return;
      }
      for (const event of events.slice(position, to)) applyEvent(model, event);
      position = to;
    },
  };
};
