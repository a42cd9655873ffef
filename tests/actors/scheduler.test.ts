import { describe, expect, test } from '@jest/globals';
import {
  type Plannable,
  planPromptStep,
  planStep,
  prefillShareWhileDecoding,
  type StepPart,
} from '../../src/actors/scheduler.js';

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

const LIMITS = { maxBatchTokens: 128, maxPrefillTokensWhileDecoding: 32, maxPromptBatchTokens: 0 };
const WITH_PROMPT_STEPS = { ...LIMITS, maxPromptBatchTokens: 512 };
const write = ({ sequence, numTokens, samples }: StepPart<Named>): string =>
  `${sequence.name}:${numTokens}${samples ? '!' : ''}`;
const plan = (sequences: readonly Named[], turn = 0, limits = LIMITS, fed: Named | null = null): string =>
  planStep({ sequences, fed, limits, turn }).map(write).join(' ');

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
    const limits = { maxBatchTokens: 2, maxPrefillTokensWhileDecoding: 1, maxPromptBatchTokens: 0 };
    const sequences = [decoding('a'), decoding('b'), decoding('c'), prefilling('p', 9)];
    const served = new Map<string, number>();
    for (let turn = 0; turn < 400; turn++) {
      const parts = planStep({ sequences, fed: null, limits, turn });
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

describe('planPromptStep', () => {
  const planned = (sequences: readonly Named[], turn = 0, limits = WITH_PROMPT_STEPS): string => {
    const part = planPromptStep({ sequences, limits, turn });
    return part === null ? '' : write(part);
  };

  test.each<[string, readonly Named[], string]>([
    ['a long prompt gets a large step', [prefilling('p', 1000)], 'p:512'],
    ['its end samples', [prefilling('p', 300)], 'p:300!'],
    ['so does a short one that is alone', [decoding('a'), prefilling('p', 40)], 'p:40!'],
    ['what fits beside answers is no matter', [prefilling('p', 32)], ''],
    ['short ones share an ordinary step', [prefilling('p', 40), prefilling('q', 128)], ''],
    ['a long one among them goes alone', [prefilling('p', 40), prefilling('q', 129)], 'q:129!'],
    ['answers need none', [decoding('a'), decoding('b')], ''],
  ])('%s', (_, sequences, expected) => {
    expect(planned(sequences)).toBe(expected);
  });

  test('long prompts take turns', () => {
    const prompts = [prefilling('p', 1000), prefilling('short', 20), prefilling('q', 900)];
    expect([0, 1, 2].map((turn) => planned(prompts, turn))).toEqual(['p:512', 'q:512', 'p:512']);
  });

  test('there is none where the engine computes a step at once', () => {
    expect(planned([prefilling('p', 1000)], 0, LIMITS)).toBe('');
  });

  test.each<[string, readonly Named[], string]>([
    ['whose prompt it is waits', [], ''],
    ['answers go on', [decoding('a'), decoding('b', false)], 'a:1!'],
    ['a shorter prompt is fed by its share', [prefilling('q', 200)], 'q:32'],
    ['beside answers too', [decoding('a'), prefilling('q', 20)], 'a:1! q:20!'],
    ['one that would fill a prompt step waits for its own', [prefilling('q', 512), decoding('a')], 'a:1!'],
  ])('between its parts, %s', (_, others, expected) => {
    const fed = prefilling('p', 2000);
    expect(plan([fed, ...others], 0, WITH_PROMPT_STEPS, fed)).toBe(expected);
  });
});
