// Which slot a new sequence gets, and how much of what some slot holds it can go on from. Pure.

import type { PromptMarks } from './prompt-marks.js';

/** The tokens a slot holds, for comparison with a prompt. */
export interface SlotView {
  readonly slot: number;
  readonly tokens: Uint32Array; // (length)
  readonly isBusy: boolean;
  /** What keeping it is worth: `slotWorth` when it was last used. The least is given away first. */
  readonly worth: number;
}

export interface Placement {
  readonly slot: number;
  /** Where the shared prefix lies: `slot` itself, or another one to copy from. */
  readonly source: number;
  readonly length: number;
  /** What the slot holds beyond the shared prefix belongs to another conversation. */
  readonly evicts: boolean;
}

/** Below this, copying from another slot is not worth the work. */
const MIN_COPIED_TOKENS = 32;

/**
 * GreedyDual: worth is the cost of having the tokens computed again, on top of what the last evicted one was worth. So
 * a short request evicts other short ones before a long conversation, and the long one grows old all the same.
 */
export const slotWorth = (evictedWorth: number, numTokens: number): number => evictedWorth + numTokens;

/** Null when every slot is busy. */
export const placeSequence = (
  slots: readonly SlotView[],
  prompt: Uint32Array,
  { own }: Pick<PromptMarks, 'own'>,
): Placement | null => {
  const free = slots.filter(({ isBusy }) => !isBusy);
  if (free.length === 0) return null;
  const shared = new Map(slots.map((view) => [view, sharedLength(view.tokens, prompt)]));
  const sharedOf = (view: SlotView): number => shared.get(view) ?? 0;
  const longest = (views: readonly SlotView[]): SlotView =>
    views.reduce((best, view) => (sharedOf(view) > sharedOf(best) ? view : best));

  const best = longest(slots);
  const bestFree = longest(free);
  // The same conversation goes on in its slot, whatever of it has changed; another one never takes its place for that.
  const continues = bestFree.tokens.length > 0 && sharedOf(bestFree) >= Math.min(own, prompt.length - 1);
  const target = continues
    ? bestFree
    : free.reduce((least, view) => (isWorthLess(view, least) ? view : least));
  const copies = best !== target && sharedOf(best) >= sharedOf(target) + MIN_COPIED_TOKENS;
  const source = copies ? best : target;
  return {
    slot: target.slot,
    source: source.slot,
    length: sharedOf(source),
    evicts: !continues && target.tokens.length > sharedOf(target),
  };
};

/**
 * Whether it pays to wait until `feeding`, a prompt that is being fed now, has been fed as far as `prompt` shares it:
 * two threads that begin at the same moment feed their common base once.
 */
export const isWorthWaitingFor = (
  feeding: Uint32Array,
  numFed: number,
  prompt: Uint32Array,
  minTokens: number,
): boolean => sharedLength(feeding, prompt) - numFed >= minTokens;

/** Tokens of the prompt that are held. At least one is left to feed: the next one is sampled from its logits. */
export const sharedLength = (held: Uint32Array, prompt: Uint32Array): number => {
  const end = Math.min(held.length, prompt.length - 1);
  let length = 0;
  while (length < end && held[length] === prompt[length]) length++;
  return length;
};

/** An empty slot is worth nothing. */
const isWorthLess = (view: SlotView, than: SlotView): boolean => {
  const isEmpty = view.tokens.length === 0;
  const thanIsEmpty = than.tokens.length === 0;
  return isEmpty === thanIsEmpty ? view.worth < than.worth : isEmpty;
};
