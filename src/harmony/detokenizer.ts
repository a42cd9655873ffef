// Token ids to text, one at a time: a character that several tokens spell appears with the last of them.

import type { TokenTexts } from './token-texts.js';
import { createUtf8Stream } from './utf8-stream.js';

export interface Detokenizer {
  /** Text that this token completes, often empty for a part of an emoji. An unknown id is one U+FFFD. */
  push(id: number): string;
  /** What an incomplete character at the end becomes; starts anew. */
  flush(): string;
}

export const createDetokenizer = (texts: TokenTexts): Detokenizer => {
  const stream = createUtf8Stream();
  return {
    push(id) {
      const whole = texts.whole(id);
      if (whole !== undefined) return stream.isPending ? stream.flush() + whole : whole;
      if (id >>> 0 === id && id < texts.numTextTokens)
        return stream.push(texts.bytes, texts.offsets[id]!, texts.offsets[id + 1]!);
      return `${stream.flush()}\ufffd`;
    },
    flush: () => stream.flush(),
  };
};
