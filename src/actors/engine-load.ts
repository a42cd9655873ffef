// What the engine has done, for the debug view: counted by its loop, told a few times a second, added up over its lives.

/** Since the loop began, and what its slots hold now. */
export interface LoopLoad {
  readonly steps: number;
  /** Sequences in them, all steps together. */
  readonly stepSequences: number;
  readonly prefillTokens: number;
  readonly decodeTokens: number;
  /** Positions that the slots hold. */
  readonly kvTokens: number;
}

export const NO_LOAD: LoopLoad = {
  steps: 0,
  stepSequences: 0,
  prefillTokens: 0,
  decodeTokens: 0,
  kvTokens: 0,
};

export interface EngineLoad extends LoopLoad {
  /** Prompts that were begun; those that resumed from what was kept; tokens that these did not read again. */
  readonly prompts: number;
  readonly prefixHits: number;
  readonly prefixTokens: number;
}

export interface EngineLoadCounter {
  /** A loop begins anew: what the last one did stays counted. */
  loopBegan(): void;
  loopReported(load: LoopLoad): void;
  promptBegan(numCached: number): void;
  load(): EngineLoad;
}

export const createEngineLoadCounter = (): EngineLoadCounter => {
  let before = NO_LOAD;
  let current = NO_LOAD;
  const prefixes = { prompts: 0, prefixHits: 0, prefixTokens: 0 };

  const total = (): LoopLoad => ({
    steps: before.steps + current.steps,
    stepSequences: before.stepSequences + current.stepSequences,
    prefillTokens: before.prefillTokens + current.prefillTokens,
    decodeTokens: before.decodeTokens + current.decodeTokens,
    kvTokens: current.kvTokens,
  });

  return {
    loopBegan: () => {
      before = total();
      current = NO_LOAD;
    },
    loopReported: (load) => {
      current = load;
    },
    promptBegan: (numCached) => {
      prefixes.prompts += 1;
      prefixes.prefixHits += numCached > 0 ? 1 : 0;
      prefixes.prefixTokens += numCached;
    },
    load: () => ({ ...total(), ...prefixes }),
  };
};
