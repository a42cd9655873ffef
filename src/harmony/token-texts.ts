// What each id stands for. Most tokens are whole UTF-8 text of their own; that text is made once,
// when a stream first needs it, so streaming costs no allocation a token.

import { CodexpcError } from '../errors.js';
import type { Vocabulary } from './vocabulary.js';

export interface TokenTexts {
  /** Ids from here on do not exist. */
  readonly size: number;
  /** Ids below are text tokens. */
  readonly numTextTokens: number;
  /** Text of a token that is complete UTF-8 by itself (a special token: its name), undefined otherwise. */
  whole(id: number): string | undefined;
  /** All bytes of the text tokens, and where each token's are. */
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** Throws `model_corrupt` if a special token takes the id of a text token or lies outside the vocabulary. */
export const createTokenTexts = ({ tokens, specialTokens, vocabularySize }: Vocabulary): TokenTexts => {
  const { bytes, offsets } = tokens;
  const numTextTokens = offsets.length - 1;
  const size = vocabularySize ?? Math.max(numTextTokens, ...[...specialTokens.values()].map((id) => id + 1));
  const names = new Map<number, string>();
  for (const [name, id] of specialTokens) {
    if (!Number.isInteger(id) || id < numTextTokens || id >= size) {
      throw new CodexpcError({
        code: 'model_corrupt',
        message: `Special token ${name} has id ${id}, outside ${numTextTokens}..${size - 1}. Download the checkpoint again.`,
      });
    }
    names.set(id, name);
  }
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
  // null: known to be no complete text. Filled as ids are met.
  const wholeTexts: (string | null | undefined)[] = new Array<undefined>(numTextTokens).fill(undefined);

  const decodeWhole = (id: number): string | undefined => {
    if (id >= numTextTokens) return id < size ? (names.get(id) ?? `<|reserved_${id}|>`) : undefined;
    try {
      return (wholeTexts[id] = decoder.decode(bytes.subarray(offsets[id], offsets[id + 1])));
    } catch {
      wholeTexts[id] = null;
      return undefined;
    }
  };

  return {
    size,
    numTextTokens,
    whole(id) {
      const known = wholeTexts[id];
      if (known !== undefined) return known ?? undefined;
      return id >= 0 && Number.isInteger(id) ? decodeWhole(id) : undefined;
    },
    bytes,
    offsets,
  };
};
