// Text with markers, as debug views and tests write it, to tokens. Never for text from outside: here,
// and only here, `<|end|>` in a string becomes the special token.

import type { Tokenizer } from './tokenizer.js';

/** Inverse of `decode` for token sequences that come from well-formed text. */
export const encodeMarkup = (tokenizer: Tokenizer, markup: string): number[] => {
  const tokens: number[] = [];
  let from = 0;
  for (const match of markup.matchAll(/<\|[a-z_]+(\d*)\|>/g)) {
    const id = tokenizer.specialTokens.get(match[0]) ?? reservedId(tokenizer, match[0], match[1] ?? '');
    if (id === undefined) continue;
    tokenizer.encodeInto(markup.slice(from, match.index), tokens);
    tokens.push(id);
    from = match.index + match[0].length;
  }
  tokenizer.encodeInto(markup.slice(from), tokens);
  return tokens;
};

const reservedId = ({ texts }: Tokenizer, name: string, digits: string): number | undefined => {
  const id = Number(digits);
  return digits !== '' && id >= texts.numTextTokens && texts.whole(id) === name ? id : undefined;
};
