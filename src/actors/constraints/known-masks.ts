// Masks that need no matcher. Most tokens of a string or of a patch's line leave the state of the grammar as it is: their
// masks have been worked out before. And where few bytes may come next, as between the strings of a JSON text, the few
// tokens that begin with them are looked through here.

import { createGrammarStates, type GrammarState, LOST } from '../../grammar/grammar-states.js';
import { leftOutOf, readEbnf } from '../../grammar/read-ebnf.js';
import type { TokenTree } from '../../grammar/token-tree.js';
import type { MatcherVocabulary } from './matcher.js';
import { lookThrough } from './narrow-mask.js';
import { findTokensWith } from './utf8-tokens.js';

export interface KnownMasks {
  /** A text of this grammar, from its beginning. Throws for a grammar that ebnf.ts did not write. */
  follow(grammar: string, end: number): FollowedText;
  /** From now on some can be worked out. */
  lookIn(tree: TokenTree): void;
}

export interface FollowedText {
  accept(token: number): void;
  /** What may come next, if that can be said at once. */
  mask(): Uint32Array | undefined;
  /** Takes the matcher's mask, corrects it where the matcher knows less of the grammar, and remembers it. */
  learn(mask: Uint32Array): void;
}

/** A grammar as it is followed. */
interface Followed {
  readonly start: GrammarState;
  /** Tokens with characters that a set of the grammar leaves out and the matcher's does not (`oneOf` in ebnf.ts). */
  readonly doubtful: readonly number[];
}

/** A mask over 200,000 tokens takes 25 KB. */
const MAX_MASKS = 512;
const MAX_GRAMMARS = 32;

export const createKnownMasks = (vocabulary: MatcherVocabulary): KnownMasks => {
  const { bytes, offsets, vocabSize } = vocabulary;
  const masks = new Map<GrammarState, Uint32Array>();
  const grammars = new Map<string, Followed>();
  let tree: TokenTree | null = null;

  const read = (grammar: string): Followed => {
    const rules = readEbnf(grammar);
    return {
      start: createGrammarStates(rules, 'root').start,
      doubtful: findTokensWith(leftOutOf(rules), vocabulary),
    };
  };

  const behind = (state: GrammarState, token: number): GrammarState | null => {
    let at: GrammarState | null = state;
    for (let index = offsets[token]!; index < offsets[token + 1]! && at !== null; index++)
      at = at.after(bytes[index]!);
    return at;
  };

  return {
    lookIn: (made) => {
      tree = made;
    },
    follow: (grammar, end) => {
      const key = `${end} ${grammar}`;
      const followed = grammars.get(key) ?? read(grammar);
      keepLast(grammars, key, followed, MAX_GRAMMARS);
      let state = followed.start;

      const remember = (mask: Uint32Array): void => {
        if (state !== LOST) keepLast(masks, state, mask, MAX_MASKS);
      };

      return {
        accept: (token) => {
          state = behind(state, token) ?? LOST;
        },
        mask: () => {
          const mask =
            masks.get(state) ?? (tree === null ? undefined : lookThrough(state, tree, { vocabSize, end }));
          if (mask !== undefined) remember(mask);
          return mask;
        },
        learn: (mask) => {
          for (const token of followed.doubtful)
            if ([null, LOST].includes(behind(state, token))) mask[token >> 5]! &= ~(1 << (token & 31));
          remember(mask);
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
