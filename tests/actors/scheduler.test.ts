import { describe, expect, test } from '@jest/globals';
import { type Plannable, planStep, prefillShareWhileDecoding } from '../../src/actors/scheduler.js';

interface Named extends Plannable {
  readonly name: string;
}
const decoding = (name: string, mayDecode = true): Named => ({
  name,
  numPending: 1,
  isPrefilling: false,
  mayDecode,
});
const prefilling = (name: string, numPending: number): Named => ({
  name,
  numPending,
  isPrefilling: true,
  mayDecode: true,
});

const LIMITS = { maxBatchTokens: 128, maxPrefillTokensWhileDecoding: 32 };
const plan = (sequences: readonly Named[], turn = 0, limits = LIMITS): string =>
  planStep(sequences, limits, turn)
    .map(({ sequence, numTokens, samples }) => `${sequence.name}:${numTokens}${samples ? '!' : ''}`)
    .join(' ');

describe('planStep', () => {
  test.each<[string, readonly Named[], string]>([
    ['nothing to do', [], ''],
    ['every decoding sequence gets its token', [decoding('a'), decoding('b')], 'a:1! b:1!'],
    ['one whose receiver is full stands still', [decoding('a'), decoding('b', false)], 'a:1!'],
    ['a prompt alone gets the whole step', [prefilling('p', 1000)], 'p:128'],
    ['the end of a prompt samples', [prefilling('p', 100)], 'p:100!'],
    [
      'beside a decoding sequence a prompt gets its share',
      [decoding('a'), prefilling('p', 1000)],
      'a:1! p:32',
    ],
    ['a stalled one leaves prompts the whole step', [decoding('a', false), prefilling('p', 1000)], 'p:128'],
    [
      'short prompts share a step',
      [prefilling('p', 50), prefilling('q', 60), prefilling('r', 60)],
      'p:50! q:60! r:18',
    ],
  ])('%s', (_, sequences, expected) => {
    expect(plan(sequences)).toBe(expected);
  });

  test('prompts take turns', () => {
    const prompts = [prefilling('p', 1000), prefilling('q', 1000)];
    expect([0, 1, 2].map((turn) => plan(prompts, turn))).toEqual(['p:128', 'q:128', 'p:128']);
  });

  test('never exceeds the batch, and serves everybody in turn when it is too small', () => {
    const limits = { maxBatchTokens: 2, maxPrefillTokensWhileDecoding: 1 };
    const sequences = [decoding('a'), decoding('b'), decoding('c'), prefilling('p', 9)];
    const served = new Map<string, number>();
    for (let turn = 0; turn < 400; turn++) {
      const parts = planStep(sequences, limits, turn);
      expect(parts.reduce((sum, { numTokens }) => sum + numTokens, 0)).toBeLessThanOrEqual(2);
      for (const { sequence } of parts) served.set(sequence.name, (served.get(sequence.name) ?? 0) + 1);
    }
    for (const name of ['a', 'b', 'c']) expect(served.get(name)).toBeGreaterThanOrEqual(200);
  });

  test.each([
    [128, 32],
    [32, 8],
    [1, 1],
  ])('of %i tokens a step, prompts get %i beside answers', (maxBatchTokens, share) => {
    expect(prefillShareWhileDecoding(maxBatchTokens)).toBe(share);
  });
});
