import { describe, expect, test } from '@jest/globals';
import { encodeMarkup } from '../../src/harmony/encode-markup.js';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import { O200K_HARMONY_SPECIAL_TOKENS } from '../../src/harmony/vocabulary.js';
import { loadO200k, packTokens, truncate } from './o200k.js';
import { tokenizeCases } from './vectors.js';

const o200k = loadO200k();
const tokenizer = createTokenizer(o200k);

describe('encode', () => {
  test.each(tokenizeCases().map((vector) => [vector.id, vector] as const))(
    'equals the official ids: %s',
    (_, vector) => {
      expect(tokenizer.encode(vector.text)).toEqual(vector.ordinary);
      expect(encodeMarkup(tokenizer, vector.text)).toEqual(vector.with_specials);
    },
  );

  test.each(['1000', '8192'])('equals the official ids with the first %s ranks only', (size) => {
    const small = createTokenizer(truncate(o200k, Number(size)));
    for (const vector of tokenizeCases()) {
      if (vector.truncated !== undefined)
        expect([vector.id, small.encode(vector.text)]).toEqual([vector.id, vector.truncated[size]]);
    }
  });

  test('never makes a special token of text', () => {
    const ids = tokenizer.encode([...O200K_HARMONY_SPECIAL_TOKENS.keys()].join('<|reserved_200014|>'));
    expect(Math.max(...ids)).toBeLessThan(199998);
  });

  test('takes lone surrogates for U+FFFD', () => {
    expect(tokenizer.encode('a\ud800b')).toEqual(tokenizer.encode('a\ufffdb'));
    expect(tokenizer.encode(`${'long '.repeat(20)}\udc00`)).toEqual(
      tokenizer.encode(`${'long '.repeat(20)}\ufffd`),
    );
  });

  test('gives the same ids for long texts as for their parts cut at spaces', () => {
    const word = 'Grüße from the 1234 tests, 💖 ';
    expect(tokenizer.encode(word.repeat(5000))).toHaveLength(
      tokenizer.encode(word.repeat(50)).length * 100 - 99 * tailLength(word),
    );
  });

  // A quadratic merge takes seconds for each of these.
  test.each([
    ['one letter', 'a'.repeat(40_000)],
    ['spaces', ' '.repeat(40_000)],
    ['newlines', '\n'.repeat(40_000)],
    ['emoji', '💖'.repeat(10_000)],
    ['combining marks', `e${'\u0301'.repeat(20_000)}`],
    ['marks before capitals', '\u0301A'.repeat(13_000)],
    ['no split point', 'abcdefghij'.repeat(4_000)],
    ['punctuation', '!?'.repeat(20_000)],
  ])('is not quadratic on hostile text: %s', (_, text) => {
    let fastestMs = Infinity;
    for (let run = 0; run < 3; run++) {
      const started = performance.now();
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
      fastestMs = Math.min(fastestMs, performance.now() - started);
    }
    expect(fastestMs).toBeLessThan(600);
  });
});

/** Tokens that a repetition saves at its seam: none for text that ends in a space before a letter. */
const tailLength = (word: string): number => {
  const [once, twice] = [tokenizer.encode(word), tokenizer.encode(word + word)];
  return 2 * once.length - twice.length;
};

describe('decode', () => {
  test.each(tokenizeCases().map(({ id, text, ordinary }) => [id, text, ordinary] as const))(
    'gives the text back: %s',
    (_, text, ids) => {
      expect(tokenizer.decode(ids)).toBe(text);
    },
  );

  test('writes special and reserved tokens by name and unknown ids as U+FFFD', () => {
    expect(tokenizer.decode([200006, 200014, 201088, 201089, -1, 1.5])).toBe(
      '<|start|><|reserved_200014|><|reserved_201088|>\ufffd\ufffd\ufffd',
    );
  });

  test('keeps a byte order mark', () => {
    expect(tokenizer.decode(tokenizer.encode('\ufeffa'))).toBe('\ufeffa');
  });
});

describe('createTokenizer', () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));

  test('refuses a vocabulary that cannot encode every byte', () => {
    const vocabulary = { ...o200k, tokens: packTokens([...bytes.slice(0, 255), Uint8Array.of(1, 2)]) };
    expect(() => createTokenizer(vocabulary)).toThrow(
      expect.objectContaining({ code: 'model_corrupt', message: expect.stringContaining('0xff') }),
    );
  });

  test('refuses a special token with the id of a text token', () => {
    const vocabulary = {
      ...o200k,
      tokens: packTokens(bytes),
      specialTokens: new Map([['<|start|>', 7]]),
      vocabularySize: 300,
    };
    expect(() => createTokenizer(vocabulary)).toThrow(expect.objectContaining({ code: 'model_corrupt' }));
  });

  test('refuses a pattern that is no regular expression', () => {
    expect(() => createTokenizer({ ...o200k, pattern: '(' })).toThrow(
      expect.objectContaining({ code: 'model_corrupt' }),
    );
  });

  test('says which marker a vocabulary lacks only when it is needed', () => {
    const plain = createTokenizer({ ...o200k, specialTokens: new Map() });
    expect(plain.encode('Hello')).toEqual([13225]);
    expect(() => plain.harmony).toThrow('<|start|>');
  });
});
