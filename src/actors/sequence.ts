// One answer that the engine's loop works on, and what of it needs no loop: what is guessed ahead, what is refused.

import type { SequenceGuide } from './constraints/sequence-guide.js';
import type { NativeSampler, Sampled } from './engine-addon.js';
import { samplingUnsupported } from './engine-errors.js';
import type { SubmitCommand } from './engine-frames.js';
import type { PromptLookup } from './prompt-lookup.js';
import type { Slot } from './slots.js';

export interface Sequence {
  readonly submission: SubmitCommand;
  readonly slot: Slot;
  readonly sampler: NativeSampler;
  /** null: nothing holds its tokens to anything. */
  readonly guide: SequenceGuide | null;
  readonly countsTokens: boolean;
  /** null: its tokens are not guessed ahead. */
  readonly lookup: PromptLookup | null;
  readonly prompt: Uint32Array;
  readonly forced: Uint32Array;
  pending: Uint32Array;
  isPrefilling: boolean;
  numSampled: number;
  credit: number;
  readonly numPending: number;
  readonly mayDecode: boolean;
}

const NO_TOKENS = new Uint32Array();

/** At most `limit` guesses at what the sequence draws next, none of which may be its last token. */
export const draftFor = (sequence: Sequence, limit: number, contextLength: number): Uint32Array => {
  const { slot, lookup, numSampled, forced, credit, submission } = sequence;
  if (lookup === null || sequence.isPrefilling || numSampled < forced.length) return NO_TOKENS;
  const numWanted = (submission.maxTokens ?? Infinity) - numSampled;
  const numFitting = contextLength - slot.held().length;
  const drafted = lookup.draft(Math.min(limit, numWanted - 1, numFitting - 1, credit - 1));
  const stop = drafted.findIndex((token) => submission.stopTokens.includes(token));
  return stop < 0 ? drafted : drafted.subarray(0, stop);
};

export const isSound = ({ token, logprob }: Sampled, vocabSize: number): boolean =>
  Number.isInteger(token) && token >= 0 && token < vocabSize && !Number.isNaN(logprob);

/**
 * Before it takes a slot: in a step it would be the engine's fault. What tools say of their arguments is only not
 * enforced then, or no agent could work there. Errors: unsupported_option.
 */
export const refuseWithoutLogits = ({ sampling, topLogprobs, guidance }: SubmitCommand): void => {
  const off = { topK: 0, topP: 1, minP: 0, repetitionPenalty: 1, presencePenalty: 0, frequencyPenalty: 0 };
  const option =
    guidance?.isPromised === true
      ? 'outputSchema or toolChoice'
      : topLogprobs > 0
        ? 'topLogprobs'
        : sampling.logitBias.length > 0
          ? 'logitBias'
          : (Object.keys(off) as (keyof typeof off)[]).find((name) => sampling[name] !== off[name]);
  if (option !== undefined) throw samplingUnsupported(option);
};
