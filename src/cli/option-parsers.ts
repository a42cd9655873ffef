// Turns the text of an option into its value, or says what would fit.

import { InvalidArgumentError } from 'commander';
import { duration } from '../config/setting-kinds.js';

export const integer =
  (min: number, max: number = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      max === Number.MAX_SAFE_INTEGER
        ? `A whole number from ${min} is needed.`
        : `A whole number from ${min} to ${max} is needed.`,
    );
  };

export const decimal =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A number from ${min} to ${max} is needed.`);
  };

const MAX_SEED = 2n ** 64n - 1n;

export const seed = (text: string): bigint => {
  const value = /^\d{1,20}$/.test(text) ? BigInt(text) : -1n;
  if (value >= 0n && value <= MAX_SEED) return value;
  throw new InvalidArgumentError('A whole number from 0 to 2^64-1 is needed.');
};

export const milliseconds = (text: string): number => {
  const value = duration().safeParse(text).data;
  if (value !== undefined && value >= 1) return Math.round(value);
  throw new InvalidArgumentError('A duration such as 30s or 5m is needed.');
};

export const logitBias = (
  text: string,
  previous: ReadonlyArray<readonly [number, number]> = [],
): ReadonlyArray<readonly [number, number]> => {
  const match = /^(\d+)=([+-]?\d+(?:\.\d+)?)$/.exec(text);
  if (match === null) throw new InvalidArgumentError('TOKEN=BIAS is needed, such as 220=-2.5.');
  return [...previous, [Number(match[1]), Number(match[2])]];
};

export const repeated = (text: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  text,
];
