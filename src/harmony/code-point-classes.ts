// What the pre-tokenisation pattern can tell apart about a code point, as one small number.
// Filled a page of 256 at a time when text first needs it: a table of all of Unicode would cost
// more start-up time than most prompts take to encode.

export const OTHER = 0; // not a letter, mark, number or white space: punctuation, symbols, controls
export const UPPER = 1; // Lu, Lt
export const LOWER = 2; // Ll
export const EITHER = 3; // Lm, Lo: the pattern takes them for upper and for lower case
export const MARK = 4; // M: likewise, but not a letter
export const NUMBER = 5;
export const SPACE = 6; // white space but CR and LF
export const NEWLINE = 7; // CR, LF
/** Of the sentinel behind the last byte: belongs to no run. */
export const END = 8;

export type CodePointClass = number;

const classify = (text: string): CodePointClass => {
  if (/^[\r\n]$/.test(text)) return NEWLINE;
  // Not \s: JavaScript's has U+FEFF and lacks U+0085.
  if (/^\p{White_Space}$/u.test(text)) return SPACE;
  if (/^[\p{Lu}\p{Lt}]$/u.test(text)) return UPPER;
  if (/^\p{Ll}$/u.test(text)) return LOWER;
  if (/^[\p{Lm}\p{Lo}]$/u.test(text)) return EITHER;
  if (/^\p{M}$/u.test(text)) return MARK;
  return /^\p{N}$/u.test(text) ? NUMBER : OTHER;
};

/** A lookup with its own lazily filled pages. Code points must be scalar values, 0..0x10FFFF. */
export const createClassLookup = (): ((codePoint: number) => CodePointClass) => {
  const pages: (Uint8Array | undefined)[] = new Array<undefined>(0x110000 >> 8).fill(undefined);

  const fillPage = (page: number): Uint8Array => {
    const classes = new Uint8Array(256);
    for (let low = 0; low < 256; low++) classes[low] = classify(String.fromCodePoint((page << 8) | low));
    pages[page] = classes;
    return classes;
  };

  return (codePoint) => (pages[codePoint >> 8] ?? fillPage(codePoint >> 8))[codePoint & 255]!;
};
