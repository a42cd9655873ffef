// Token ids by a key, up to a number of them: the least recently used go first.

export interface TokenStore {
  /** What is found is used again. */
  get(key: string): Uint32Array | undefined;
  has(key: string): boolean;
  /** A key that it does not have. */
  set(key: string, tokens: Uint32Array): void;
}

/** What an entry takes besides its tokens, in tokens: about 256 bytes. */
const ENTRY_TOKENS = 64;

export const createTokenStore = (maxTokens: number): TokenStore => {
  const entries = new Map<string, Uint32Array>(); // in order of last use
  let numTokens = 0;

  return {
    has: (key) => entries.has(key),
    get: (key) => {
      const tokens = entries.get(key);
      if (tokens === undefined) return undefined;
      entries.delete(key);
      entries.set(key, tokens);
      return tokens;
    },
    set: (key, tokens) => {
      entries.set(key, tokens);
      numTokens += ENTRY_TOKENS + tokens.length;
      for (const [oldest, { length }] of entries) {
        if (numTokens <= maxTokens) break;
        entries.delete(oldest);
        numTokens -= ENTRY_TOKENS + length;
      }
    },
  };
};
