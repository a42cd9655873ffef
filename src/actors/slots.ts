// The KV slots of one context and what each holds, token by token.

import { checkpointPlaces, leastUseful } from './checkpoint-places.js';
import { MAX_CHECKPOINTS, type NativeContext } from './engine-addon.js';
import type { PrefixCache, Snapshot } from './prefix-cache/prefix-cache.js';
import { placeSequence, sharedLength, type SlotView, slotWorth } from './prefix.js';
import type { PromptMarks } from './prompt-marks.js';

export interface Slot {
  readonly index: number;
  /** The tokens it holds. */
  held(): Uint32Array;
  append(tokens: Uint32Array): void;
  /** Keeps the window rings at the end, so that what goes on from here resumes at once. */
  checkpoint(): void;
  release(): void;
}

export interface Slots {
  /** The slot for this prompt and how many of its tokens need not be fed; null when all are busy. */
  place(prompt: Uint32Array, marks: PromptMarks, fetched: Snapshot | null): PlacedSlot | null;
  /** Tokens in all slots, busy or not. */
  numHeld(): number;
  /** Tokens of the prompt that some slot holds. */
  longestShared(prompt: Uint32Array): number;
  numFree(): number;
  /** Saves bases that more than one request began with. It takes some milliseconds a hundred megabytes. */
  keepBases(): void;
  /** Saves every conversation, the last used first and one at a time: the context is about to be closed. */
  keepAll(): Promise<void>;
}

export interface PlacedSlot {
  readonly slot: Slot;
  readonly resumeFrom: number;
}

export interface SlotsOptions {
  readonly numSlots: number;
  readonly contextLength: number;
  readonly prefixReuse: boolean;
  readonly snapshots: boolean;
  readonly cache: PrefixCache;
}

interface Held {
  readonly index: number;
  readonly tokens: Uint32Array; // (contextLength)
  length: number;
  isBusy: boolean;
  worth: number;
  lastUse: number;
  base: number;
}

export const createSlots = (
  context: NativeContext,
  { numSlots, contextLength, prefixReuse, snapshots, cache }: SlotsOptions,
): Slots => {
  const slots = Array.from({ length: numSlots }, (_, index): Held => ({
    index,
    tokens: new Uint32Array(contextLength),
    length: 0,
    isBusy: false,
    worth: 0,
    lastUse: 0,
    base: 0,
  }));
  let evictedWorth = 0;
  let numUses = 0;

  const tokensOf = ({ tokens, length }: Held): Uint32Array => tokens.subarray(0, prefixReuse ? length : 0);

  const views = (): SlotView[] =>
    slots.map((slot) => ({
      slot: slot.index,
      tokens: tokensOf(slot),
      isBusy: slot.isBusy,
      worth: slot.worth,
    }));

  const addCheckpoint = (slot: Held, position: number, kept: readonly number[]): void => {
    const existing = context.checkpoints(slot.index);
    if (existing.length >= MAX_CHECKPOINTS && !existing.includes(position)) {
      const dropped = leastUseful(existing, kept);
      if (dropped !== null) context.dropCheckpoint(slot.index, dropped);
    }
    context.checkpoint(slot.index, position);
  };

  const save = (slot: Held, length: number, kind: Snapshot['kind'], persist: boolean): void => {
    cache.put(
      {
        kind,
        tokens: slot.tokens.slice(0, length),
        checkpoints: context.checkpoints(slot.index).filter((position) => position <= length),
        numBytes: context.savedBytes(slot.index, length),
        write: (bytes) => context.save(slot.index, length, bytes),
      },
      persist,
    );
  };

  const keepBase = (slot: Held): void => {
    if (!snapshots || slot.base === 0 || slot.base > slot.length) return;
    const tokens = slot.tokens.subarray(0, slot.base);
    if (!cache.isHotBase(tokens) || !context.checkpoints(slot.index).includes(slot.base)) return;
    save(slot, slot.base, 'base', true);
  };

  const keepConversation = (slot: Held, persist: boolean): void => {
    if (snapshots && slot.length > 0) save(slot, slot.length, 'conversation', persist);
  };

  const resume = (
    slot: Held,
    source: number,
    length: number,
    prompt: Uint32Array,
    fetched: Snapshot | null,
  ) => {
    const fromCache = cache.best(prompt, fetched, length);
    if (fromCache !== null) {
      try {
        context.restore(slot.index, fromCache.bytes);
        return context.truncate(slot.index, sharedLength(fromCache.tokens, prompt));
      } catch (error) {
        cache.discard(fromCache, error);
      }
    }
    return source === slot.index
      ? context.truncate(slot.index, length)
      : context.copy(source, slot.index, length);
  };

  const take = (mine: Held, marks: PromptMarks): Slot => {
    mine.isBusy = true;
    mine.base = marks.base;
    let released = false;
    return {
      index: mine.index,
      held: () => mine.tokens.subarray(0, mine.length),
      append: (tokens) => {
        const from = mine.length;
        mine.tokens.set(tokens, from);
        mine.length += tokens.length;
        if (!prefixReuse) return;
        const existing = context.checkpoints(mine.index);
        for (const position of checkpointPlaces(marks, { from, to: mine.length }, existing)) {
          addCheckpoint(mine, position, [marks.base, marks.turn]);
        }
      },
      checkpoint: () => {
        if (prefixReuse && mine.length > 0) addCheckpoint(mine, mine.length, [marks.base, marks.turn]);
      },
      release: () => {
        if (released) return;
        released = true;
        mine.isBusy = false;
        mine.worth = slotWorth(evictedWorth, mine.length);
        mine.lastUse = ++numUses;
      },
    };
  };

  return {
    numHeld: () => slots.reduce((sum, { length }) => sum + length, 0),
    numFree: () => slots.filter(({ isBusy }) => !isBusy).length,
    longestShared: (prompt) => Math.max(...slots.map((slot) => sharedLength(tokensOf(slot), prompt))),
    place: (prompt, marks, fetched) => {
      const placement = placeSequence(views(), prompt, marks);
      if (placement === null) return null;
      const slot = slots[placement.slot]!;
      if (placement.evicts) {
        evictedWorth = Math.max(evictedWorth, slot.worth);
        keepBase(slot);
        keepConversation(slot, false);
      }
      cache.countUse(prompt.subarray(0, marks.base));
      const resumeFrom = resume(slot, placement.source, placement.length, prompt, fetched);
      slot.tokens.set(prompt.subarray(0, resumeFrom));
      slot.length = resumeFrom;
      return { slot: take(slot, marks), resumeFrom };
    },
    keepBases: () => slots.filter(({ isBusy }) => !isBusy).forEach(keepBase),
    keepAll: async () => {
      if (!cache.persists) return;
      for (const slot of [...slots].sort((left, right) => right.lastUse - left.lastUse)) {
        keepBase(slot);
        keepConversation(slot, true);
        await cache.flush(); // each is a copy of all that the slot holds
      }
    },
  };
};
