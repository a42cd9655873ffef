// Bit masks over a vocabulary: bit i % 32 of word i / 32 allows token i.

export interface TokenMasks {
  of(tokens: readonly number[]): Uint32Array;
  /** Every text token, and one more. */
  textOr(token: number): Uint32Array;
}

export const createTokenMasks = (numTextTokens: number, vocabSize: number): TokenMasks => {
  const numWords = Math.ceil(vocabSize / 32);
  const withText = new Map<number, Uint32Array>();

  const of = (tokens: readonly number[]): Uint32Array => {
    const words = new Uint32Array(numWords);
    for (const token of tokens) allow(words, token);
    return words;
  };

  const allText = (): Uint32Array => {
    const words = new Uint32Array(numWords).fill(0xffffffff, 0, numTextTokens >> 5);
    for (let token = numTextTokens & ~31; token < numTextTokens; token++) allow(words, token);
    return words;
  };

  return {
    of,
    textOr: (token) => {
      const known = withText.get(token);
      if (known !== undefined) return known;
      const words = allText();
      allow(words, token);
      withText.set(token, words);
      return words;
    },
  };
};

export const allow = (words: Uint32Array, token: number): void => {
  words[token >> 5]! |= 1 << (token & 31);
};
