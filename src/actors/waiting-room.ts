// Submissions that no slot has taken yet, in the order in which they are tried.

import type { SequenceId, SubmitCommand } from './engine-frames.js';
import type { PrefixCache, Snapshot } from './prefix-cache/prefix-cache.js';

export interface Waiting {
  readonly submission: SubmitCommand;
  readonly prompt: Uint32Array;
  /** What begins like it, read from disk. */
  readonly fetched: Snapshot | null;
  /** Another prompt is feeding what this one begins with. */
  readonly isAwaiting: boolean;
}

export interface WaitingRoomOptions {
  /** null: no prefix is read from disk. */
  readonly cache: Pick<PrefixCache, 'fetch'> | null;
  /** Tokens of the prompt that need no reading. */
  readonly longestShared: (prompt: Uint32Array) => number;
  /** A prefix has been read: somebody may be ready. */
  readonly onFetched: () => void;
}

export interface WaitingRoom {
  size(): number;
  /** A resumed submission has been queued once and goes to the front. */
  enter(submission: SubmitCommand, prompt: Uint32Array): void;
  leave(id: SequenceId): void;
  /** In order, while there is a free slot: `awaits` says who waits for another's prefix, `admit` whom a slot took. */
  admitWhile(steps: {
    readonly isSlotFree: () => boolean;
    readonly awaits: (entry: Waiting) => boolean;
    readonly admit: (entry: Waiting) => boolean;
  }): void;
}

interface Entry extends Waiting {
  isFetching: boolean;
  fetched: Snapshot | null;
  isAwaiting: boolean;
}

export const createWaitingRoom = ({ cache, longestShared, onFetched }: WaitingRoomOptions): WaitingRoom => {
  let entries: Entry[] = [];

  const fetch = (entry: Entry): void => {
    const reading = cache?.fetch(entry.prompt, longestShared(entry.prompt)) ?? null;
    if (reading === null) return;
    entry.isFetching = true;
    void reading.then((snapshot) => {
      entry.isFetching = false;
      entry.fetched = snapshot;
      onFetched();
    });
  };

  return {
    size: () => entries.length,
    enter: (submission, prompt) => {
      const entry = { submission, prompt, isFetching: false, fetched: null, isAwaiting: false };
      if (submission.resumed) entries.unshift(entry);
      else entries.push(entry);
      fetch(entry);
    },
    leave: (id) => {
      entries = entries.filter(({ submission }) => submission.id !== id);
    },
    admitWhile: ({ isSlotFree, awaits, admit }) => {
      const kept: Entry[] = [];
      for (const [index, entry] of entries.entries()) {
        if (!isSlotFree()) {
          kept.push(...entries.slice(index));
          break;
        }
        entry.isAwaiting = awaits(entry);
        if (entry.isFetching || entry.isAwaiting || !admit(entry)) kept.push(entry);
      }
      entries = kept;
    },
  };
};
