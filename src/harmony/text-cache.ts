// Token ids of texts that come again: every turn re-renders the conversation so far, and its tools.

import { createTokenStore } from './token-store.js';
import type { Tokenizer } from './tokenizer.js';

export interface TextCache {
  /** Appends the ids of `text` to `out`. */
  encodeInto(text: string, out: number[]): void;
}

/** Shorter texts are encoded faster than found. */
const MIN_CACHED_UNITS = 16;
/** Keeps texts of up to `maxTokens` ids, the least recently used go first. */
export const createTextCache = (
  tokenizer: Pick<Tokenizer, 'encode' | 'encodeInto'>,
  maxTokens: number,
): TextCache => {
  const known = createTokenStore(maxTokens);

  return {
    encodeInto(text, out) {
      if (text.length < MIN_CACHED_UNITS) {
        tokenizer.encodeInto(text, out);
        return;
      }
      let ids = known.get(text);
      if (ids === undefined) {
        ids = Uint32Array.from(tokenizer.encode(text));
        known.set(text, ids);
      }
      for (let i = 0; i < ids.length; i++) out.push(ids[i]!);
    },
  };
};
