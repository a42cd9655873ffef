// What a step has computed becomes the sequence's: its tokens are in the slot, what was sampled is reported and comes next.

import type { NativeContext, Sampled, StepSample } from './engine-addon.js';
import { badCut, badSample } from './engine-errors.js';
import { clockMs, type EngineReport } from './engine-frames.js';
import type { StepPart } from './scheduler.js';
import { isSound, type Sequence } from './sequence.js';

export interface AdvanceOptions {
  readonly context: Pick<NativeContext, 'truncate'>;
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly report: (report: EngineReport) => void;
  /** The sequence has its last token. */
  readonly end: (sequence: Sequence) => void;
}

/** `numDrafted`: of the tokens that went into the step, the last so many were guesses. */
export type Advance = (part: StepPart<Sequence>, sampled: StepSample | null, numDrafted: number) => void;

export const createAdvance = ({
  context,
  vocabSize,
  contextLength,
  report,
  end,
}: AdvanceOptions): Advance => {
  const takeSample = (sequence: Sequence, drawn: Sampled | null): void => {
    const { id, stopTokens, maxTokens } = sequence.submission;
    if (drawn === null || !isSound(drawn, vocabSize)) throw badSample(drawn, vocabSize);
    const forced = sequence.forced[sequence.numSampled];
    const sampled = forced === undefined ? drawn : { token: forced, logprob: 0, top: [] };
    report({ type: 'token', id, token: sampled.token, logprob: sampled.logprob, top: sampled.top });
    sequence.numSampled += 1;
    sequence.credit -= 1;
    if (sequence.countsTokens) sequence.sampler.accept(Uint32Array.of(sampled.token));
    sequence.lookup?.append(sampled.token);
    const isFull = sequence.numSampled === maxTokens || sequence.slot.held().length === contextLength;
    if (stopTokens.includes(sampled.token) || isFull) {
      const reason = stopTokens.includes(sampled.token) ? 'stop' : 'length';
      report({ type: 'finished', id, reason, atMs: clockMs() });
      end(sequence);
    } else {
      sequence.pending = Uint32Array.of(sampled.token);
      sequence.guide?.accept(sampled.token);
    }
  };

  /** The drafts are in the slot: those that did not come true are taken off. */
  const settleDrafts = (
    { submission, slot, lookup }: Sequence,
    numDrafted: number,
    numTrue: number,
  ): void => {
    if (numDrafted === 0) return;
    lookup?.judge(numDrafted, numTrue);
    report({ type: 'drafted', id: submission.id, drafted: numDrafted, accepted: numTrue });
    const length = slot.held().length + 1 + numTrue;
    const resumeFrom = context.truncate(slot.index, length);
    if (resumeFrom !== length) throw badCut(length, resumeFrom);
  };

  return ({ sequence, numTokens, samples }, sampled, numDrafted) => {
    settleDrafts(sequence, numDrafted, sampled?.further.length ?? 0);
    sequence.slot.append(sequence.pending.subarray(0, numTokens));
    sequence.pending = sequence.pending.subarray(numTokens);
    if (sequence.isPrefilling) {
      report(prefilled(sequence, 0));
      if (samples) sequence.isPrefilling = false;
    }
    if (samples) takeSample(sequence, sampled);
    for (const next of sampled?.further ?? []) {
      sequence.slot.append(sequence.pending); // the draft, which came true
      takeSample(sequence, next);
    }
  };
};

/** With the work of `numUnderWay` tokens that are not in the slot yet. */
export const prefilled = ({ submission, prompt, pending }: Sequence, numUnderWay: number): EngineReport => ({
  type: 'prefill',
  id: submission.id,
  done: prompt.length - pending.length + numUnderWay,
  total: prompt.length,
  atMs: clockMs(),
});
