// Which checkpoints of a slot are kept. Pure.

import type { PromptMarks } from './prompt-marks.js';

/** Nearer to the one before, a checkpoint saves less than it costs. */
const MIN_SPACING = 64;

/** Where to keep checkpoints among the tokens from..to that were just fed: marks first, other messages' ends if apart. */
export const checkpointPlaces = (
  { base, turn, messages }: PromptMarks,
  { from, to }: { readonly from: number; readonly to: number },
  existing: readonly number[],
): readonly number[] => {
  const isInside = (position: number): boolean => position > from && position <= to && position > 0;
  const places = [base, turn, messages.at(-1) ?? 0].filter(isInside);
  for (const position of messages.filter(isInside)) {
    const isApart = [...existing, ...places].every((other) => Math.abs(other - position) >= MIN_SPACING);
    if (isApart) places.push(position);
  }
  return [...new Set(places)].sort((left, right) => left - right);
};

/**
 * The checkpoint to give up for a new one: the one without which the fewest tokens more would have to be fed again,
 * which is the nearest to the one before it. Never those of `kept`, and never the last.
 */
export const leastUseful = (existing: readonly number[], kept: readonly number[]): number | null => {
  let least: number | null = null;
  let leastGap = Infinity;
  existing.slice(0, -1).forEach((position, index) => {
    const gap = position - (existing[index - 1] ?? 0);
    if (kept.includes(position) || gap >= leastGap) return;
    least = position;
    leastGap = gap;
  });
  return least;
};
