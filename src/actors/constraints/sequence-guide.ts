// Holds one sequence's sampler to its plan: after every token the mask for the next one. Headers and free text need no
// matcher; in a body with a grammar the sequence waits until the matcher has answered.

import { CodexpcError } from '../../errors.js';
import { createTurnWalk, type Expected } from '../../harmony/turn-walk.js';
import type { NativeSampler } from '../engine-addon.js';
import type { Guidance } from './constraint.js';
import type { MatcherHost, RemoteMatcher } from './matcher-host.js';
import type { TokenMasks } from './token-masks.js';

export interface SequenceGuideOptions {
  readonly guidance: Guidance;
  readonly sampler: Pick<NativeSampler, 'setMask'>;
  readonly masks: TokenMasks;
  readonly matchers: MatcherHost;
  readonly listener: GuideListener;
}

export interface GuideListener {
  /** The next token can be sampled now. */
  ready(): void;
  /** No further one can. */
  failed(error: CodexpcError): void;
}

export interface SequenceGuide {
  /** The sampler's mask is the one for the next token. */
  readonly isReady: boolean;
  accept(token: number): void;
  close(): void;
}

export const createSequenceGuide = (options: SequenceGuideOptions): SequenceGuide => {
  const { guidance, sampler, masks, matchers, listener } = options;
  const walk = createTurnWalk(guidance.plan);
  let matcher: RemoteMatcher | null = null;
  let isReady = false;
  /** In the sampler, which copies it: most masks are the one before. */
  let mask: Uint32Array | null = null;

  const setMask = (words: Uint32Array): void => {
    if (words !== mask) sampler.setMask(words);
    mask = words;
    isReady = true;
  };

  const open = (grammar: number, end: number): RemoteMatcher =>
    matchers.open(guidance.grammars[grammar]!, end, {
      mask: (words) => {
        if (words.every((word) => word === 0)) {
          listener.failed(deadEnd());
          return;
        }
        setMask(words);
        listener.ready();
      },
      failed: (error) => listener.failed(error),
    });

  const prepare = (expected: Expected): void => {
    switch (expected.type) {
      case 'tokens':
        setMask(masks.of(expected.tokens));
        break;
      case 'text':
        setMask(masks.textOr(expected.end));
        break;
      case 'grammar':
        isReady = false;
        matcher = open(expected.grammar, expected.end);
        break;
    }
  };

  prepare(walk.expected);
  return {
    get isReady() {
      return isReady;
    },
    accept: (token) => {
      const before = walk.expected;
      walk.accept(token);
      if (before.type === 'grammar' && token !== before.end) {
        isReady = false;
        matcher?.accept(token);
        return;
      }
      matcher?.close();
      matcher = null;
      prepare(walk.expected);
    },
    close: () => {
      matcher?.close();
      matcher = null;
    },
  };
};

const deadEnd = (): CodexpcError =>
  new CodexpcError({
    code: 'unsupported_option',
    message:
      'A schema or grammar of the request cannot be enforced: it came to a place from which nothing goes on. Allow some text there.',
  });
