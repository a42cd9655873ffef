// Always the most probable token.

import type { SamplerOptions } from './engine-addon.js';

export const GREEDY_SAMPLING: SamplerOptions = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: [],
  seed: 0n,
};
