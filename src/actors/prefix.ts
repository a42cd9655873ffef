// Which slot a new sequence gets, and how much of what some slot holds it can go on from. Pure.

/** The tokens a slot holds, for comparison with a prompt. */
export interface SlotView {
  readonly slot: number;
  readonly tokens: Uint32Array; // (length)
  readonly isBusy: boolean;
  /** Larger is later; 0: never. */
  readonly lastUsed: number;
}

export interface Placement {
  readonly slot: number;
  /** Where the shared prefix lies: `slot` itself, or another one to copy from. */
  readonly source: number;
  readonly length: number;
}

/** Below this, copying from another slot is not worth the work. */
const MIN_COPIED_TOKENS = 32;

/** Null when every slot is busy. */
export const placeSequence = (slots: readonly SlotView[], prompt: Uint32Array): Placement | null => {
  const free = slots.filter(({ isBusy }) => !isBusy);
  if (free.length === 0) return null;
  // At least one token is fed: the next one is sampled from its logits.
  const shared = new Map(slots.map((view) => [view, commonPrefix(view.tokens, prompt, prompt.length - 1)]));
  const sharedOf = (view: SlotView): number => shared.get(view) ?? 0;
  const longest = (views: readonly SlotView[]): SlotView =>
    views.reduce((best, view) => (sharedOf(view) > sharedOf(best) ? view : best));

  const oldest = free.reduce((best, view) => (isOlder(view, best) ? view : best));
  const bestFree = longest(free);
  const best = longest(slots);
  // Its conversation goes on here, or little of value is overwritten.
  const continues = sharedOf(bestFree) > 0 && 2 * sharedOf(bestFree) >= bestFree.tokens.length;
  if (sharedOf(best) <= sharedOf(bestFree) && (continues || bestFree === oldest)) {
    return { slot: bestFree.slot, source: bestFree.slot, length: sharedOf(bestFree) };
  }
  const target = continues ? bestFree : oldest;
  if (sharedOf(best) >= sharedOf(target) + MIN_COPIED_TOKENS) {
    return { slot: target.slot, source: best.slot, length: sharedOf(best) };
  }
  return { slot: target.slot, source: target.slot, length: sharedOf(target) };
};

/** An empty slot is older than any other. */
const isOlder = (view: SlotView, than: SlotView): boolean => {
  const isEmpty = view.tokens.length === 0;
  const thanIsEmpty = than.tokens.length === 0;
  return isEmpty === thanIsEmpty ? view.lastUsed < than.lastUsed : isEmpty;
};

const commonPrefix = (held: Uint32Array, prompt: Uint32Array, limit: number): number => {
  const end = Math.min(held.length, limit);
  let length = 0;
  while (length < end && held[length] === prompt[length]) length++;
  return length;
};
