import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createO200kSplitter, O200K_PATTERN } from '../../src/harmony/split-o200k.js';
import { createPatternSplitter, translatePattern } from '../../src/harmony/split-pattern.js';

const splitter = createO200kSplitter();
const splitByRegex = createPatternSplitter(O200K_PATTERN);

const splitByScanner = (text: string): string[] => {
  const bytes = Uint8Array.from([...Buffer.from(text), 0xff]);
  splitter.attach(bytes);
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length - 1;) {
    const to = splitter.nextEnd(from);
    pieces.push(Buffer.from(bytes.subarray(from, to)).toString());
    from = to;
  }
  return pieces;
};

// Of each kind of character the pattern tells apart, and the letters of its contractions.
const characters = [
  ..."aBſK'sTrRevVmlLd \t\n\r\u0085\u00a0\u2028\u3000\ufeff0٣²//!<|>-_$€\u0301\u0903ǅʰªあ漢💖𝒳𐐀\u200d\ufe0f\u{e0100}",
];
const character = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...characters) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 2 }) },
);

describe('the o200k scanner', () => {
  test('cuts any text where the regular expression does', () => {
    fc.assert(
      fc.property(fc.array(character, { maxLength: 40 }), (parts) => {
        const text = parts.join('').replace(/\p{Surrogate}/gu, '\ufffd');
        expect(splitByScanner(text).join('|')).toBe(splitByRegex(text).join('|'));
      }),
      { numRuns: 2000 },
    );
  });

  test('knows every code point as the regular expression does', () => {
    const differing: number[] = [];
    for (let codePoint = 0; codePoint < 0x30000; codePoint += codePoint < 0x3000 ? 1 : 17) {
      if (codePoint >= 0xd800 && codePoint < 0xe000) continue;
      const text = `aB${String.fromCodePoint(codePoint)}Ab1 `;
      if (splitByScanner(text).join('|') !== splitByRegex(text).join('|')) differing.push(codePoint);
    }
    expect(differing).toEqual([]);
  });
});

describe('translatePattern', () => {
  const pieces = (pattern: string, text: string): string[] => createPatternSplitter(pattern)(text);

  test('never gives back what a possessive quantifier took', () => {
    expect('aaab'.match(translatePattern('a++ab'))).toBeNull();
    expect(pieces('[^\\r\\n\\p{L}]?+\\p{L}++|\\p{N}{1,3}+|\\s+', 'Hi there 1234')).toEqual([
      'Hi',
      ' there',
      ' ',
      '123',
      '4',
    ]);
  });

  test('folds case as Unicode does', () => {
    expect("'S'ſ'Ll".match(translatePattern("(?i:'s|'ll)"))).toEqual(["'S", "'ſ", "'Ll"]);
    expect("'S".match(translatePattern("'(?i:[sdmt]|ll)"))).toEqual(["'S"]);
  });

  test('takes white space as Unicode does', () => {
    expect(pieces('\\s+|\\S+', 'a\u0085b\ufeffc')).toEqual(['a', '\u0085', 'b\ufeffc']);
  });
});
