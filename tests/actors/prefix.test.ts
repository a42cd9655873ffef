import { describe, expect, test } from '@jest/globals';
import { placeSequence, type SlotView } from '../../src/actors/prefix.js';

const tokens = (text: string): Uint32Array => Uint32Array.from(text, (letter) => letter.charCodeAt(0));
const slot = (index: number, text: string, lastUsed = 1, isBusy = false): SlotView => ({
  slot: index,
  tokens: tokens(text),
  lastUsed,
  isBusy,
});
const LONG = 'The base prompt that every conversation shares. ';

describe('placeSequence', () => {
  test.each<[string, readonly SlotView[], string, ReturnType<typeof placeSequence>]>([
    ['all busy', [slot(0, 'abc', 1, true)], 'abc', null],
    ['an empty slot', [slot(0, '', 0)], 'abc', { slot: 0, source: 0, length: 0 }],
    [
      'the conversation goes on where it was',
      [slot(0, 'xyz'), slot(1, 'abc')],
      'abcdef',
      { slot: 1, source: 1, length: 3 },
    ],
    ['the last token is always fed', [slot(0, 'abc')], 'abc', { slot: 0, source: 0, length: 2 }],
    ['a retry of a longer one', [slot(0, 'abcdef')], 'abcd', { slot: 0, source: 0, length: 3 }],
    [
      'an empty slot before one in use',
      [slot(0, 'xyz'), slot(1, '', 0)],
      'abc',
      { slot: 1, source: 1, length: 0 },
    ],
    [
      'the longest unused when nothing fits',
      [slot(0, 'xyz', 5), slot(1, 'uvw', 3)],
      'abc',
      { slot: 1, source: 1, length: 0 },
    ],
    [
      'a shared beginning is copied, and the other conversation kept',
      [slot(0, `${LONG}${'a long story '.repeat(9)}`, 5), slot(1, '', 0)],
      `${LONG}something else`,
      { slot: 1, source: 0, length: LONG.length },
    ],
    [
      'also from a slot that is busy',
      [slot(0, `${LONG}a story`, 5, true), slot(1, 'xyz', 3)],
      `${LONG}something else`,
      { slot: 1, source: 0, length: LONG.length },
    ],
    [
      'a short shared beginning is not worth a copy',
      [slot(0, `abc${'x'.repeat(50)}`, 5), slot(1, '', 0)],
      'abcdef',
      { slot: 1, source: 1, length: 0 },
    ],
    [
      'with one slot left its beginning is used, whatever is lost',
      [slot(0, `abc${'x'.repeat(50)}`, 5)],
      'abcdef',
      { slot: 0, source: 0, length: 3 },
    ],
  ])('%s', (_, slots, prompt, expected) => {
    expect(placeSequence(slots, tokens(prompt))).toEqual(expected);
  });
});
