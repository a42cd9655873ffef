// Token ids of texts that come again: every turn re-renders the conversation so far, and its tools.

import type { Tokenizer } from './tokenizer.js';

export interface TextCache {
  /** Appends the ids of `text` to `out`. */
  encodeInto(text: string, out: number[]): void;
}

/** Shorter texts are encoded faster than found. */
const MIN_CACHED_UNITS = 16;
/** What an entry takes besides its text and ids, in ids: about 256 bytes. */
const ENTRY_TOKENS = 64;

/** Keeps texts of up to `maxTokens` ids, the least recently used go first. */
export const createTextCache = (
  tokenizer: Pick<Tokenizer, 'encode' | 'encodeInto'>,
  maxTokens: number,
): TextCache => {
  const known = new Map<string, Uint32Array>(); // in order of last use
  let numTokens = 0;

  return {
    encodeInto(text, out) {
      if (text.length < MIN_CACHED_UNITS) {
        tokenizer.encodeInto(text, out);
        return;
      }
      let ids = known.get(text);
      if (ids === undefined) {
        ids = Uint32Array.from(tokenizer.encode(text));
        numTokens += ENTRY_TOKENS + ids.length;
      } else {
        known.delete(text);
      }
      known.set(text, ids);
      for (const [oldest, { length }] of known) {
        if (numTokens <= maxTokens) break;
        known.delete(oldest);
        numTokens -= ENTRY_TOKENS + length;
      }
      for (let i = 0; i < ids.length; i++) out.push(ids[i]!);
    },
  };
};
