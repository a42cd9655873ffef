// The figures that a soak is judged by, against published ones.

import { describe, expect, test } from '@jest/globals';
import { jainIndex, quantile, slopeOf } from './statistics.js';

const HOUR_MS = 3_600_000;

describe('the slope of a soak', () => {
  test('has the interval of a textbook', () => {
    // Anscombe's first data set (1973): slope 0.5001, standard error 0.1179, 9 degrees of freedom, whose t is 2.262.
    const hours = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
    const values = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
    const points = hours.map((hour, index) => ({ atMs: hour * HOUR_MS, value: values[index] as number }));
    const { perHour, margin } = slopeOf(points);
    expect(perHour).toBeCloseTo(0.5001, 4);
    expect(margin).toBeCloseTo(0.1179 * 2.262, 3);
  });

  test('is found where memory grows, and is not where it only goes up and down', () => {
    const minutes = Array.from({ length: 24 }, (_, index) => index);
    const noise = (index: number): number => [0, 3, -2, 1, -3, 2, -1][index % 7] as number;
    const slope = (mbPerHour: number) =>
      slopeOf(minutes.map((at) => ({ atMs: at * 60_000, value: 300 + (mbPerHour * at) / 60 + noise(at) })));
    const leaking = slope(60);
    expect(leaking.perHour - leaking.margin).toBeGreaterThan(1);
    const flat = slope(0);
    expect(flat.perHour - flat.margin).toBeLessThan(1);
    expect(flat.perHour + flat.margin).toBeGreaterThan(0);
  });
});

test('shares are equal at 1, and one has everything at 1/n', () => {
  expect(jainIndex([7, 7, 7, 7])).toBe(1);
  expect(jainIndex([9, 0, 0, 0])).toBe(0.25);
});

test('the 99th of 100 is not the last', () => {
  const values = Array.from({ length: 200 }, (_, index) => index);
  expect(quantile(values, 0.99)).toBe(198);
});
