// Makes the guides of one model's sequences. Costs nothing until the first grammar is followed.

import type { NativeSampler, TokenizerData } from '../engine-addon.js';
import { availableMemory, guardGrammars } from '../memory-guard.js';
import type { Guidance } from './constraint.js';
import { createMatcherHost } from './matcher-host.js';
import { createSequenceGuide, type GuideListener, type SequenceGuide } from './sequence-guide.js';
import { createTokenMasks } from './token-masks.js';

export interface Guides {
  /**
   * The guidance's grammars will be needed: has them compiled meanwhile. Throws `insufficient_memory` when there is not
   * enough to begin.
   */
  prepare(guidance: Guidance): void;
  create(guidance: Guidance, sampler: Pick<NativeSampler, 'setMask'>, listener: GuideListener): SequenceGuide;
  close(): void;
}

/** The largest grammar that is let through takes a few seconds over 200,000 tokens, and the thread's start one or two. */
const ANSWER_LIMIT_MS = 20_000;

export const createGuides = ({ bytes, offsets, specialTokens }: TokenizerData, vocabSize: number): Guides => {
  const ends = [specialTokens['call']!, specialTokens['return']!, specialTokens['end']!];
  const matchers = createMatcherHost({
    vocabulary: { bytes, offsets, vocabSize, ends },
    answerLimitMs: ANSWER_LIMIT_MS,
  });
  const masks = createTokenMasks(offsets.length - 1, vocabSize);
  return {
    prepare: ({ grammars }) => {
      if (grammars.length > 0 && !matchers.isStarted) guardGrammars(availableMemory());
      // The last one is that of the answer itself, where there is one.
      [...grammars].reverse().forEach((grammar) => matchers.prepare(grammar));
    },
    create: (guidance, sampler, listener) =>
      createSequenceGuide({ guidance, sampler, listener, masks, matchers }),
    close: () => matchers.close(),
  };
};
