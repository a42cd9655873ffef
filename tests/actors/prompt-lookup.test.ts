import { describe, expect, it } from '@jest/globals';
import { createPromptLookup } from '../../src/actors/prompt-lookup.js';

const tokens = (...ids: readonly number[]): Uint32Array => Uint32Array.from(ids);
const range = (from: number, count: number): number[] => Array.from({ length: count }, (_, i) => from + i);

/** Lets the lookup guess along `answer` as the engine does; how often it was asked, and what came true. */
const follow = (prompt: readonly number[], answer: readonly number[], maxLength = 16) => {
  const lookup = createPromptLookup(Uint32Array.from(prompt), maxLength);
  const counts = { steps: 0, drafted: 0, accepted: 0 };
  for (let at = 0; at < answer.length;) {
    const drafts = lookup.draft(answer.length - at - 1);
    const wrong = drafts.findIndex((token, i) => token !== answer[at + i]);
    const numTrue = wrong < 0 ? drafts.length : wrong;
    if (drafts.length > 0) lookup.judge(drafts.length, numTrue);
    counts.steps += 1;
    counts.drafted += drafts.length;
    counts.accepted += numTrue;
    answer.slice(at, at + numTrue + 1).forEach((token) => lookup.append(token));
    at += numTrue + 1;
  }
  return counts;
};

describe('prompt lookup', () => {
  it('guesses what followed the last three tokens before', () => {
    const lookup = createPromptLookup(tokens(1, 2, 3, 4, 5, 9, 1, 2, 3), 16);
    expect([...lookup.draft(16)]).toEqual([4, 5, 9, 1]);
    expect([...lookup.draft(2)]).toEqual([4, 5]);
    expect([...lookup.draft(0)]).toEqual([]);
  });

  it('guesses nothing where nothing repeats', () => {
    expect([...createPromptLookup(tokens(...range(1, 100)), 16).draft(16)]).toEqual([]);
    expect([...createPromptLookup(tokens(), 16).draft(16)]).toEqual([]);
    expect([...createPromptLookup(tokens(7, 7), 16).draft(16)]).toEqual([]);
  });

  it('stays on the run that it follows, whatever else begins like it', () => {
    const run = range(100, 40);
    // 110 111 112 stands a second time, followed by something else.
    const lookup = createPromptLookup(tokens(...run, 1, 110, 111, 112, 2, 3, ...run.slice(0, 14)), 4);
    expect([...lookup.draft(4)]).toEqual([114, 115, 116, 117]);
  });

  it('takes an edited file in few steps', () => {
    const file = range(1000, 400);
    const edited = [...file.slice(0, 150), 1, 2, 3, ...file.slice(160, 300), 4, ...file.slice(300)];
    const { steps, accepted } = follow([...range(1, 50), ...file, 60, 61], edited);
    expect(accepted).toBeGreaterThan(0.85 * edited.length);
    expect(steps).toBeLessThan(edited.length / 6);
  });

  it('all but stops where guesses do not come true', () => {
    // The same three tokens again and again, each time followed by others.
    const noise = range(0, 600).flatMap((i) => [7, 8, 9, 1000 + i, 3000 + ((i * 7919) % 1000)]);
    const { drafted, steps } = follow([7, 8, 9], noise);
    expect(drafted).toBeLessThan(0.05 * steps);
  });

  it('starts again when they would', () => {
    const noise = range(0, 100).flatMap((i) => [7, 8, 9, 1000 + i]);
    const file = range(5000, 1500);
    const { accepted } = follow(file, [...noise, ...file]);
    expect(accepted).toBeGreaterThan(0.6 * file.length);
  });

  it('keeps up with an answer much longer than its prompt', () => {
    const verse = range(10, 30);
    const { accepted } = follow([1, 2, 3], Array.from({ length: 200 }, () => verse).flat());
    expect(accepted).toBeGreaterThan(0.8 * 6000);
  });
});
