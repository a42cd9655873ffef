// Masks that have been worked out before, by the state of the grammar that they belong to. Most tokens of a string or of a
// patch's line leave the state as it is: their masks are here, and the matcher's thread is not asked.

import { createGrammarStates, type GrammarState } from '../../grammar/grammar-states.js';
import { readEbnf } from '../../grammar/read-ebnf.js';
import type { MatcherVocabulary } from './matcher.js';

export interface KnownMasks {
  /** A text of this grammar, from its beginning. */
  follow(grammar: string, end: number): FollowedText;
}

export interface FollowedText {
  accept(token: number): void;
  /** What may come next, if it has been learned. */
  mask(): Uint32Array | undefined;
  learn(mask: Uint32Array): void;
}

/** A mask over 200,000 tokens takes 25 KB. */
const MAX_MASKS = 512;
const MAX_GRAMMARS = 32;

export const createKnownMasks = ({ bytes, offsets }: MatcherVocabulary): KnownMasks => {
  const masks = new Map<GrammarState, Uint32Array>();
  const starts = new Map<string, GrammarState | null>();

  const startOf = (grammar: string, end: number): GrammarState | null => {
    const key = `${end} ${grammar}`;
    const known = starts.get(key);
    const start = known === undefined ? createGrammarStates(readEbnf(grammar), 'root').start : known;
    keepLast(starts, key, start, MAX_GRAMMARS);
    return start;
  };

  return {
    follow: (grammar, end) => {
      let state = startOf(grammar, end);
      return {
        accept: (token) => {
          for (let at = offsets[token]!; at < offsets[token + 1]!; at++)
            state = state?.after(bytes[at]!) ?? null;
        },
        mask: () => {
          const mask = state === null ? undefined : masks.get(state);
          if (state !== null && mask !== undefined) keepLast(masks, state, mask, MAX_MASKS);
          return mask;
        },
        learn: (mask) => {
          if (state !== null) keepLast(masks, state, mask, MAX_MASKS);
        },
      };
    },
  };
};

/** Sets an entry; the ones that were set longest ago go. */
const keepLast = <Key, Value>(map: Map<Key, Value>, key: Key, value: Value, max: number): void => {
  map.delete(key);
  map.set(key, value);
  if (map.size > max) map.delete(map.keys().next().value!);
};
