import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createOutputCapture, cutText } from '../../../src/actors/tools/program/output-capture.js';

describe('output capture', () => {
  test('keeps head and tail, and says how much is missing', () => {
    expect(cutText('abcdefghij', 4)).toEqual({ text: 'ab\n[… 6 bytes left out …]\nij', isTruncated: true });
    expect(cutText('abcd', 4)).toEqual({ text: 'abcd', isTruncated: false });
  });

  test('does not cut characters in two', () => {
    expect(cutText('aä€🙂z'.repeat(20), 9).text).not.toContain('\ufffd');
  });

  test('what is no UTF-8 becomes replacement characters', () => {
    const capture = createOutputCapture(10);
    capture.write(Buffer.from([0x61, 0xff, 0x62]));
    expect(capture.text(10).text).toBe('a\ufffdb');
  });

  test('however it is written in pieces, the same is kept', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 30 }),
        fc.integer({ min: 2, max: 64 }),
        (pieces, limit) => {
          const whole = createOutputCapture(64);
          whole.write(Buffer.concat(pieces));
          const parts = createOutputCapture(64);
          for (const piece of pieces) parts.write(piece);
          expect(parts.text(limit)).toEqual(whole.text(limit));
          expect(parts.numBytes()).toBe(whole.numBytes());
        },
      ),
    );
  });
});
