// The pre-tokenisation pattern of o200k_base as a scanner over UTF-8 bytes: what the regular
// expression below matches, in one pass and without backtracking. `tests/harmony/split.test.ts`
// holds the two against each other.

import {
  createClassLookup,
  EITHER,
  END,
  LOWER,
  MARK,
  NEWLINE,
  NUMBER,
  OTHER,
  SPACE,
  UPPER,
} from './code-point-classes.js';
import type { Splitter } from './splitter.js';

/** The pattern as `o200k_base` and the published checkpoints spell it. */
export const O200K_PATTERN = [
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
  '\\p{N}{1,3}',
  ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*',
  '\\s*[\\r\\n]+',
  '\\s+(?!\\S)',
  '\\s+',
].join('|');

const NO_MATCH = -1;

export const createO200kSplitter = (): Splitter => {
  const classOf = createClassLookup();
  // By first byte: width << 4 | class, for ASCII and for the sentinel 0xFF; 0 means "decode it".
  const byFirstByte = new Uint8Array(256);
  for (let byte = 0; byte < 128; byte++) byFirstByte[byte] = (1 << 4) | classOf(byte);
  byFirstByte[0xff] = END;

  let bytes = new Uint8Array(0);

  const decodeAt = (at: number): number => {
    const first = bytes[at]!;
    const second = bytes[at + 1]! & 0x3f;
    if (first < 0xe0) return (2 << 4) | classOf(((first & 0x1f) << 6) | second);
    const third = bytes[at + 2]! & 0x3f;
    if (first < 0xf0) return (3 << 4) | classOf(((first & 0x0f) << 12) | (second << 6) | third);
    return (
      (4 << 4) | classOf(((first & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[at + 3]! & 0x3f))
    );
  };

  /** width << 4 | class of the code point at a byte offset. */
  const look = (at: number): number => byFirstByte[bytes[at]!]! || decodeAt(at);

  /** Alternatives 1 and 2 from behind the optional first character; NO_MATCH if no letter or mark is there. */
  const endOfWord = (from: number, onlyFirstAlternative: boolean): number => {
    let at = from;
    let afterLastEither = NO_MATCH;
    let seen = look(at);
    let kind = seen & 15;
    while (kind === UPPER || kind === EITHER || kind === MARK) {
      at += seen >> 4;
      if (kind !== UPPER) afterLastEither = at;
      seen = look(at);
      kind = seen & 15;
    }
    if (kind === LOWER) {
      do {
        at += seen >> 4;
        seen = look(at);
        kind = seen & 15;
      } while (kind === LOWER || kind === EITHER || kind === MARK);
      return at;
    }
    // The first alternative must end in a lower-case character: it gives back trailing capitals.
    if (afterLastEither !== NO_MATCH) return afterLastEither;
    return at === from || onlyFirstAlternative ? NO_MATCH : at;
  };

  /** (?i:'s|'t|'re|'ve|'m|'ll|'d)? */
  const afterContraction = (at: number): number => {
    if (bytes[at] !== 0x27) return at;
    const first = bytes[at + 1]!;
    if (first === 0xc5) return bytes[at + 2] === 0xbf ? at + 3 : at; // U+017F, which folds to s
    const second = bytes[at + 2]! | 0x20;
    switch (first | 0x20) {
      case 0x73: // s
      case 0x74: // t
      case 0x6d: // m
      case 0x64: // d
        return at + 2;
      case 0x72: // re
      case 0x76: // ve
        return second === 0x65 ? at + 3 : at;
      case 0x6c: // ll
        return second === 0x6c ? at + 3 : at;
      default:
        return at;
    }
  };

  const endOfNumber = (from: number): number => {
    let at = from;
    for (let digits = 0; digits < 3; digits++) {
      const seen = look(at);
      if ((seen & 15) !== NUMBER) break;
      at += seen >> 4;
    }
    return at;
  };

  const endOfPunctuation = (from: number): number => {
    let at = from;
    for (let seen = look(at); (seen & 15) === OTHER || (seen & 15) === MARK; seen = look(at)) at += seen >> 4;
    for (let byte = bytes[at]; byte === 0x0a || byte === 0x0d || byte === 0x2f; byte = bytes[at]) at++;
    return at;
  };

  const endOfWhiteSpace = (from: number): number => {
    let at = from;
    let lastStart = from;
    let afterLastNewline = NO_MATCH;
    let seen = look(at);
    while ((seen & 15) === SPACE || (seen & 15) === NEWLINE) {
      lastStart = at;
      at += seen >> 4;
      if ((seen & 15) === NEWLINE) afterLastNewline = at;
      seen = look(at);
    }
    if (afterLastNewline !== NO_MATCH) return afterLastNewline;
    // \s+(?!\S): the last space before a word belongs to the word.
    return (seen & 15) === END || lastStart === from ? at : lastStart;
  };

  const nextEnd = (from: number): number => {
    const seen = look(from);
    const kind = seen & 15;
    if (kind === NUMBER) return endOfNumber(from);
    if (kind === NEWLINE) return endOfWhiteSpace(from);
    if (kind === UPPER || kind === LOWER || kind === EITHER) return afterContraction(endOfWord(from, false));
    const after = from + (seen >> 4);
    const wordEnd = endOfWord(after, kind === MARK);
    if (wordEnd !== NO_MATCH) return afterContraction(wordEnd);
    if (kind === MARK) return afterContraction(after); // a mark alone is a lower-case run of one
    if (kind === OTHER) return endOfPunctuation(from);
    if (bytes[from] === 0x20 && (look(after) & 15) === OTHER) return endOfPunctuation(after);
    return endOfWhiteSpace(from);
  };

  return {
    attach(text) {
      bytes = text;
    },
    nextEnd,
  };
};
