import { describe, expect, test } from '@jest/globals';
import { backoffMs } from '../../src/machines/backoff.js';

describe('backoffMs', () => {
  const policy = { baseMs: 200, limitMs: 30_000 };

  test.each([
    [1, 0, 100],
    [1, 0.5, 150],
    [2, 0, 200],
    [5, 0, 1600],
    [9, 0, 15_000],
    [1000, 0, 15_000],
  ])('failure %i with jitter %f waits %i ms', (failures, jitter, expected) => {
    expect(backoffMs(policy, failures, jitter)).toBe(expected);
  });
});
