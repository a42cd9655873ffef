// What the engine's loop has done so far, and when it is time to tell.

import { clockMs } from './engine-frames.js';
import { type LoopLoad, NO_LOAD } from './engine-load.js';
import type { StepPart } from './scheduler.js';
import type { StepSample } from './engine-addon.js';
import type { Sequence } from './sequence.js';

export interface StepCounter {
  /** Before the sequences are advanced. */
  count(parts: readonly StepPart<Sequence>[], results: ReadonlyArray<StepSample | null>): void;
  /** Nothing is done for now: what has not been told is. */
  rest(): void;
}

/** Between two reports of the load. */
const LOAD_SPACING_MS = 200;

export const createStepCounter = (tell: (load: Omit<LoopLoad, 'kvTokens'>) => void): StepCounter => {
  let load: Omit<LoopLoad, 'kvTokens'> = NO_LOAD;
  let isTold = true;
  let lastMs = -Infinity;

  const rest = (): void => {
    if (isTold) return;
    isTold = true;
    lastMs = clockMs();
    tell(load);
  };

  return {
    count: (parts, results) => {
      let { prefillTokens, decodeTokens } = load;
      parts.forEach(({ sequence, numTokens }, index) => {
        if (sequence.isPrefilling) prefillTokens += numTokens;
        else decodeTokens += 1 + (results[index]?.further.length ?? 0);
      });
      load = {
        steps: load.steps + 1,
        stepSequences: load.stepSequences + parts.length,
        prefillTokens,
        decodeTokens,
      };
      isTold = false;
      if (clockMs() - lastMs >= LOAD_SPACING_MS) rest();
    },
    rest,
  };
};
