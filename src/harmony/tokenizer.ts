// Text ⇄ tokens for one vocabulary. Encoding cuts the text into pieces, looks each up whole, and
// merges the few that are no token; all of it over UTF-8 bytes in scratch memory that is reused.

import { createDetokenizer, type Detokenizer } from './detokenizer.js';
import { createMergePiece } from './merge.js';
import { createRankTable, HASH_FACTOR, NO_RANK } from './rank-table.js';
import { createPatternSplitter } from './split-pattern.js';
import { createO200kSplitter, O200K_PATTERN } from './split-o200k.js';
import { createTokenTexts, type TokenTexts } from './token-texts.js';
import { resolveHarmonyTokens, type HarmonyTokens, type Vocabulary } from './vocabulary.js';

export interface Tokenizer {
  /** Token ids of `text`. Markers in it (`<|end|>`) are ordinary text; lone surrogates are U+FFFD. */
  encode(text: string): number[];
  /** The same, appended to `out`. */
  encodeInto(text: string, out: number[]): void;
  /** Text of `ids`, special tokens as their names; invalid bytes and unknown ids are U+FFFD. */
  decode(ids: Iterable<number>): string;
  /** Ids to text one at a time. */
  createDetokenizer(): Detokenizer;
  /** Bytes of the longest token that is text: so many bytes of text are at least one token. */
  readonly longestTokenBytes: number;
  /** Bytes and text of each id. */
  readonly texts: TokenTexts;
  readonly specialTokens: ReadonlyMap<string, number>;
  /** The seven markers. Throws `model_corrupt` if the vocabulary lacks one. */
  readonly harmony: HarmonyTokens;
}

/** Texts up to this length are copied byte by byte: cheaper than a call of TextEncoder. */
const SHORT_TEXT = 48;
/** Scratch up to this size (3 bytes a UTF-16 unit) is kept between calls. */
const KEPT_SCRATCH_BYTES = 1 << 20;

/** Building takes time linear in the vocabulary. Throws `model_corrupt` if the vocabulary cannot encode every text. */
export const createTokenizer = (vocabulary: Vocabulary): Tokenizer => {
  const table = createRankTable(vocabulary.tokens);
  const mergePiece = createMergePiece(vocabulary.tokens, table);
  const texts = createTokenTexts(vocabulary);
  const splitter = createO200kSplitter();
  const splitByPattern =
    vocabulary.pattern === O200K_PATTERN ? undefined : createPatternSplitter(vocabulary.pattern);
  const encoder = new TextEncoder();
  let kept = new Uint8Array(4096);

  const scratchFor = (numUnits: number): Uint8Array<ArrayBuffer> => {
    const needed = 3 * numUnits + 1;
    if (needed <= kept.length) return kept;
    const scratch = new Uint8Array(2 ** Math.ceil(Math.log2(needed)));
    if (scratch.length <= KEPT_SCRATCH_BYTES) kept = scratch;
    return scratch;
  };

  /** Number of bytes written. */
  const writeUtf8 = (text: string, bytes: Uint8Array<ArrayBuffer>): number => {
    if (text.length > SHORT_TEXT) return encoder.encodeInto(text, bytes).written;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return encoder.encodeInto(text, bytes).written;
      bytes[i] = unit;
    }
    return text.length;
  };

  const encodePiece = (bytes: Uint8Array, from: number, to: number, out: number[]): void => {
    if (to - from <= table.longestToken) {
      let hash = 0;
      for (let i = from; i < to; i++) hash = (Math.imul(hash, HASH_FACTOR) + bytes[i]! + 1) | 0;
      const rank = table.rankOf(bytes, from, to, hash);
      if (rank !== NO_RANK) {
        out.push(rank);
        return;
      }
    }
    mergePiece(bytes, from, to, out);
  };

  const encodeInto = (text: string, out: number[]): void => {
    const bytes = scratchFor(text.length);
    if (splitByPattern !== undefined) {
      for (const piece of splitByPattern(text.replace(/\p{Surrogate}/gu, '\ufffd'))) {
        encodePiece(bytes, 0, writeUtf8(piece, bytes), out);
      }
      return;
    }
    const length = writeUtf8(text, bytes);
    bytes[length] = 0xff;
    splitter.attach(bytes);
    for (let from = 0; from < length;) {
      const to = splitter.nextEnd(from);
      encodePiece(bytes, from, to, out);
      from = to;
    }
  };

  return {
    encode(text) {
      const out: number[] = [];
      encodeInto(text, out);
      return out;
    },
    encodeInto,
    decode(ids) {
      const detokenizer = createDetokenizer(texts);
      let text = '';
      for (const id of ids) text += detokenizer.push(id);
      return text + detokenizer.flush();
    },
    createDetokenizer: () => createDetokenizer(texts),
    longestTokenBytes: table.longestToken,
    texts,
    specialTokens: vocabulary.specialTokens,
    get harmony() {
      return resolveHarmonyTokens(vocabulary.specialTokens);
    },
  };
};
