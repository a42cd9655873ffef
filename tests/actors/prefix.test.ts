import { describe, expect, test } from '@jest/globals';
import { isWorthWaitingFor, placeSequence, slotWorth, type SlotView } from '../../src/actors/prefix.js';

const tokens = (text: string): Uint32Array => Uint32Array.from(text, (letter) => letter.charCodeAt(0));
const slot = (index: number, text: string, worth = 1, isBusy = false): SlotView => ({
  slot: index,
  tokens: tokens(text),
  worth,
  isBusy,
});
const BASE = 'The base prompt that every conversation shares. ';
const place = (slots: readonly SlotView[], prompt: string, own: number) =>
  placeSequence(slots, tokens(prompt), { own });

describe('placeSequence', () => {
  test('nothing while all are busy', () => {
    expect(place([slot(0, 'abc', 1, true)], 'abc', 3)).toBeNull();
  });

  test('a conversation goes on in its slot', () => {
    const slots = [slot(0, 'xyz'), slot(1, 'abc'), slot(2, '', 0)];
    expect(place(slots, 'abcdef', 2)).toEqual({ slot: 1, source: 1, length: 3, evicts: false });
  });

  test('also after its reasoning was left out, or its answer cut short, however much that was', () => {
    const slots = [slot(0, `${BASE}hi${'reasoning '.repeat(50)}`), slot(1, '', 0)];
    const length = BASE.length + 2;
    expect(place(slots, `${BASE}hi answer more`, length)).toEqual({
      slot: 0,
      source: 0,
      length,
      evicts: false,
    });
  });

  test('the last token is always fed', () => {
    expect(place([slot(0, 'abc')], 'abc', 3)).toMatchObject({ slot: 0, length: 2 });
  });

  test('another conversation with the same base copies it into an empty slot', () => {
    const slots = [slot(0, `${BASE}one`, 900), slot(1, '', 0)];
    const length = BASE.length;
    expect(place(slots, `${BASE}two`, length + 3)).toEqual({ slot: 1, source: 0, length, evicts: false });
  });

  test('also from a slot that is busy', () => {
    const slots = [slot(0, `${BASE}one`, 900, true), slot(1, 'xyz', 3)];
    const expected = { slot: 1, source: 0, length: BASE.length, evicts: true };
    expect(place(slots, `${BASE}two`, BASE.length + 3)).toEqual(expected);
  });

  test('or else into the one that is worth least, be it the source', () => {
    const slots = [slot(0, `${BASE}one`, 5), slot(1, 'x'.repeat(300), 300)];
    const expected = { slot: 0, source: 0, length: BASE.length, evicts: true };
    expect(place(slots, `${BASE}two`, BASE.length + 3)).toEqual(expected);
  });

  test('a short shared beginning is not worth a copy', () => {
    const slots = [slot(0, `abc${'x'.repeat(50)}`, 5), slot(1, '', 0)];
    expect(place(slots, 'abcdef', 6)).toEqual({ slot: 1, source: 1, length: 0, evicts: false });
  });
});

describe('slotWorth', () => {
  test('short requests take their turns in other slots until the long conversation has grown old', () => {
    const slots = [{ worth: slotWorth(0, 8000) }, { worth: 0 }, { worth: 0 }];
    let evictedWorth = 0;
    let numShort = 0;
    for (; ; numShort++) {
      const least = slots.reduce((best, view) => (view.worth < best.worth ? view : best));
      if (least === slots[0]) break;
      evictedWorth = Math.max(evictedWorth, least.worth);
      least.worth = slotWorth(evictedWorth, 1000);
    }
    expect(numShort).toBeGreaterThan(10);
    expect(numShort).toBeLessThan(30);
  });
});

describe('isWorthWaitingFor', () => {
  const feeding = tokens(`${BASE}one`);
  test('as long as enough of what both share is still to be fed', () => {
    expect(isWorthWaitingFor(feeding, 0, tokens(`${BASE}two`), BASE.length)).toBe(true);
    expect(isWorthWaitingFor(feeding, 1, tokens(`${BASE}two`), BASE.length)).toBe(false);
    expect(isWorthWaitingFor(feeding, 0, tokens('something else'), 1)).toBe(false);
  });
});
