// The KV slots of one context and what each holds, token by token.

import type { NativeContext } from './engine-addon.js';
import { placeSequence, type SlotView } from './prefix.js';

export interface Slot {
  readonly index: number;
  /** The tokens it holds. */
  held(): Uint32Array;
  append(tokens: Uint32Array): void;
  /** Keeps the window rings as they are, so that a later prompt resumes here at once. */
  checkpoint(): void;
  release(): void;
}

export interface Slots {
  /** The slot for this prompt and how many of its tokens need not be fed; null when all are busy. */
  place(prompt: Uint32Array): { readonly slot: Slot; readonly resumeFrom: number } | null;
  numFree(): number;
}

export const createSlots = (
  context: NativeContext,
  { numSlots, contextLength, prefixReuse }: { numSlots: number; contextLength: number; prefixReuse: boolean },
): Slots => {
  const held = Array.from({ length: numSlots }, () => ({
    tokens: new Uint32Array(contextLength),
    length: 0,
    isBusy: false,
    lastUsed: 0,
  }));
  let uses = 0;

  const views = (): SlotView[] =>
    held.map(({ tokens, length, isBusy, lastUsed }, slot) => ({
      slot,
      tokens: prefixReuse ? tokens.subarray(0, length) : tokens.subarray(0, 0),
      isBusy,
      lastUsed,
    }));

  const take = (index: number): Slot => {
    const mine = held[index]!;
    mine.isBusy = true;
    let released = false;
    return {
      index,
      held: () => mine.tokens.subarray(0, mine.length),
      append: (tokens) => {
        mine.tokens.set(tokens, mine.length);
        mine.length += tokens.length;
      },
      checkpoint: () => {
        if (prefixReuse && mine.length > 0) context.checkpoint(index);
      },
      release: () => {
        if (released) return;
        released = true;
        mine.isBusy = false;
        mine.lastUsed = ++uses;
      },
    };
  };

  return {
    numFree: () => held.filter(({ isBusy }) => !isBusy).length,
    place: (prompt) => {
      const placement = placeSequence(views(), prompt);
      if (placement === null) return null;
      const { slot, source, length } = placement;
      const resumeFrom =
        source === slot ? context.truncate(slot, length) : context.copy(source, slot, length);
      held[slot]!.tokens.set(prompt.subarray(0, resumeFrom));
      held[slot]!.length = resumeFrom;
      return { slot: take(slot), resumeFrom };
    },
  };
};
