// Merging against the definition of byte-pair encoding, over vocabularies that no one trained: there,
// ranks need not rise with length and tokens may cut through characters anywhere.

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import { loadO200k, packTokens, truncate } from './o200k.js';

type Ranks = ReadonlyMap<string, number>;

/** One piece, byte by byte, as the definition says: the lowest rank first, the leftmost of equals. */
const mergeByDefinition = (ranks: Ranks, text: string): number[] => {
  const whole = ranks.get(Buffer.from(text).toString('latin1'));
  if (whole !== undefined) return [whole];
  const parts = [...Buffer.from(text).toString('latin1')];
  for (;;) {
    let lowest = Infinity;
    let lowestAt = 0;
    for (let at = 0; at + 1 < parts.length; at++) {
      const rank = ranks.get(parts[at]! + parts[at + 1]!) ?? Infinity;
      if (rank < lowest) {
        lowest = rank;
        lowestAt = at;
      }
    }
    if (lowest === Infinity) return parts.map((part) => ranks.get(part)!);
    parts.splice(lowestAt, 2, parts[lowestAt]! + parts[lowestAt + 1]!);
  }
};

const ranksOf = (tokens: readonly Uint8Array[]): Ranks => {
  const ranks = new Map<string, number>();
  tokens.forEach((token, rank) => {
    const key = Buffer.from(token).toString('latin1');
    if (!ranks.has(key)) ranks.set(key, rank);
  });
  return ranks;
};

const SINGLE_BYTES = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
// Letters only: a text of them is one piece.
const letters = fc.string({
  unit: fc.constantFrom('a', 'b', 'é', 'è', 'あ', 'い', '漢', '𐐨'),
  minLength: 1,
  maxLength: 60,
});
const slice = fc
  .tuple(
    fc.string({ unit: fc.constantFrom('a', 'é', 'è', 'あ', 'い', '漢', '𐐨'), minLength: 1, maxLength: 4 }),
    fc.nat(3),
    fc.nat(3),
  )
  .map(([text, skip, drop]) => {
    const bytes = Buffer.from(text);
    return Uint8Array.from(bytes.subarray(skip, bytes.length - drop));
  });

describe('merging', () => {
  test('follows the definition for any vocabulary', () => {
    fc.assert(
      fc.property(
        fc.array(slice, { maxLength: 40 }),
        fc.array(letters, { minLength: 1, maxLength: 4 }),
        (extra, texts) => {
          const tokens = [...SINGLE_BYTES, ...extra.filter(({ length }) => length > 1)];
          const tokenizer = createTokenizer({
            pattern: '\\p{L}+',
            tokens: packTokens(tokens),
            specialTokens: new Map(),
          });
          for (const text of texts)
            expect(tokenizer.encode(text)).toEqual(mergeByDefinition(ranksOf(tokens), text));
        },
      ),
      { numRuns: 400 },
    );
  });

  test.each([600, 20_000, 199_998])('follows the definition for the first %d tokens of o200k', (size) => {
    const { tokens, ...rest } = truncate(loadO200k(), size);
    const tokenizer = createTokenizer({ ...rest, tokens });
    const bytesOf = (id: number): Uint8Array =>
      tokens.bytes.subarray(tokens.offsets[id], tokens.offsets[id + 1]);
    const ranks = ranksOf(Array.from({ length: size }, (_, id) => bytesOf(id)));
    const script = (first: number, last: number): fc.Arbitrary<string> =>
      fc.string({
        unit: fc.integer({ min: first, max: last }).map((codePoint) => String.fromCodePoint(codePoint)),
        minLength: 1,
        maxLength: 30,
      });
    const word = fc.oneof(
      script(0x4e00, 0x9fa5),
      script(0x3041, 0x3096),
      script(0xac00, 0xd7a3),
      script(0x430, 0x44f),
      script(0xe1, 0xf6),
      script(0x905, 0x914),
    );
    fc.assert(
      fc.property(word, (text) => {
        expect(tokenizer.encode(text)).toEqual(mergeByDefinition(ranks, text));
      }),
      { numRuns: 300 },
    );
  });
});
