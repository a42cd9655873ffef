// The step of one long prompt, which the engine computes in parts: what of it is under way, and how far it has come.

import type { NativeContext, StepSample } from './engine-addon.js';
import { clockMs } from './engine-frames.js';
import type { StepPart } from './scheduler.js';
import type { Sequence } from './sequence.js';

export interface PromptStep {
  /** null: no step is under way. */
  part(): StepPart<Sequence> | null;
  begin(part: StepPart<Sequence>): void;
  /** Computes parts, one at least, until `budgetMs` have passed or all is done. */
  run(budgetMs: number): PromptStepRun;
  /** What it was computing is lost; what the slot held before is not. */
  abandon(): void;
}

export type PromptStepRun =
  /** `numTokens`: what has been computed comes to the work of so many; never all. */
  | { readonly isDone: false; readonly numTokens: number }
  /** The tokens are in the slot. */
  | { readonly isDone: true; readonly sampled: StepSample | null };

export const createPromptStep = (
  context: Pick<NativeContext, 'beginPromptStep' | 'continuePromptStep' | 'abandonPromptStep'>,
): PromptStep => {
  let part: StepPart<Sequence> | null = null;
  let numPartsDone = 0;

  return {
    part: () => part,
    begin: (next) => {
      const { sequence, numTokens, samples } = next;
      context.beginPromptStep({
        slot: sequence.slot.index,
        tokens: sequence.pending.subarray(0, numTokens),
        sampler: samples ? sequence.sampler : null,
        topLogprobs: samples ? sequence.submission.topLogprobs : 0,
      });
      part = next;
      numPartsDone = 0;
    },
    run: (budgetMs) => {
      const { numTokens } = part!;
      const endMs = clockMs() + budgetMs;
      for (;;) {
        const { numPartsLeft, sampled } = context.continuePromptStep();
        numPartsDone += 1;
        if (numPartsLeft === 0) {
          part = null;
          return { isDone: true, sampled };
        }
        if (clockMs() < endMs) continue;
        const share = numPartsDone / (numPartsDone + numPartsLeft);
        return { isDone: false, numTokens: Math.floor(numTokens * share) };
      }
    },
    abandon: () => {
      if (part === null) return;
      part = null;
      context.abandonPromptStep();
    },
  };
};
