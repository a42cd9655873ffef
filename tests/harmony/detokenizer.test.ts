import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import { createUtf8Stream } from '../../src/harmony/utf8-stream.js';
import { loadO200k, truncate } from './o200k.js';

const tokenizer = createTokenizer(truncate(loadO200k(), 1000));

/** What each token of `text` shows at once. */
const stream = (text: string): string[] => {
  const detokenizer = tokenizer.createDetokenizer();
  return tokenizer.encode(text).map((id) => detokenizer.push(id));
};

describe('createDetokenizer', () => {
  test('shows a character with the token that completes it', () => {
    expect(stream('💖!').filter((text) => text !== '')).toEqual(['💖', '!']);
  });

  test('holds back no more than the incomplete character', () => {
    const utf8 = createUtf8Stream();
    expect(utf8.push(Uint8Array.of(0x61, 0x62, 0xf0, 0x9f), 0, 4)).toBe('ab');
    expect(utf8.push(Uint8Array.of(0x92), 0, 1)).toBe('');
    expect(utf8.push(Uint8Array.of(0x96, 0x63), 0, 2)).toBe('💖c');
  });

  test('shows at once that a sequence can no longer become a character', () => {
    const utf8 = createUtf8Stream();
    expect(utf8.push(Uint8Array.of(0xed, 0xa0), 0, 2)).toBe('\ufffd\ufffd'); // a surrogate
    expect(utf8.push(Uint8Array.of(0xe2, 0x82), 0, 2)).toBe('');
    expect(utf8.push(Uint8Array.of(0x41), 0, 1)).toBe('\ufffdA');
  });

  test('flushes an incomplete character as one U+FFFD', () => {
    const utf8 = createUtf8Stream();
    utf8.push(Uint8Array.of(0xf0, 0x9f, 0x92), 0, 3);
    expect(utf8.flush()).toBe('\ufffd');
    expect(utf8.flush()).toBe('');
  });

  test('gives the same text for any bytes however they are cut', () => {
    const interesting = fc.constantFrom(
      0x41,
      0x80,
      0xbf,
      0xc2,
      0xe0,
      0xa0,
      0xe2,
      0xed,
      0xef,
      0xbb,
      0xf0,
      0x90,
      0x9f,
      0xf4,
      0xf5,
      0xff,
    );
    fc.assert(
      fc.property(fc.array(fc.array(interesting, { maxLength: 5 }), { maxLength: 12 }), (chunks) => {
        const utf8 = createUtf8Stream();
        const streamed =
          chunks.map((chunk) => utf8.push(Uint8Array.from(chunk), 0, chunk.length)).join('') + utf8.flush();
        expect(streamed).toBe(
          new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(chunks.flat())),
        );
      }),
      { numRuns: 2000 },
    );
  });
});
