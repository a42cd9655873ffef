// The functions and constants of the calculator.

import {
  add,
  compare,
  divide,
  floor,
  integer,
  isInteger,
  isZero,
  multiply,
  negate,
  type Numeric,
  power,
  rational,
  remainder,
  toDouble,
} from './rational.js';

/** What cannot be calculated; the message is for the model. */
export class CalculationError extends Error {}

export interface CalculatorFunction {
  readonly minArguments: number;
  readonly maxArguments: number;
  readonly apply: (...values: readonly Numeric[]) => Numeric;
}

const MAX_FACTORIAL = 1_000n;
const HALF = rational(1n, 2n);

const ofOne = (apply: (value: Numeric) => Numeric): CalculatorFunction => ({
  minArguments: 1,
  maxArguments: 1,
  apply: (value) => apply(value!),
});
const ofTwo = (apply: (left: Numeric, right: Numeric) => Numeric): CalculatorFunction => ({
  minArguments: 2,
  maxArguments: 2,
  apply: (left, right) => apply(left!, right!),
});
const rounded = (apply: (value: number) => number): CalculatorFunction =>
  ofOne((value) => apply(toDouble(value)));
const ofAny = (apply: (left: Numeric, right: Numeric) => Numeric): CalculatorFunction => ({
  minArguments: 1,
  maxArguments: 64,
  apply: (...values) => values.reduce(apply),
});

const squareRoot = (value: Numeric): Numeric => {
  if (typeof value === 'number' || value.numerator < 0n) return Math.sqrt(toDouble(value));
  const top = exactRoot(value.numerator);
  const bottom = exactRoot(value.denominator);
  return top === null || bottom === null ? Math.sqrt(toDouble(value)) : rational(top, bottom);
};

/** The whole square root; null if there is none. */
const exactRoot = (value: bigint): bigint | null => {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root * root === value ? root : null;
    root = next;
  }
};

/** Halves go away from zero, to as many decimals. */
const round = (value: Numeric, decimals: Numeric = integer(0n)): Numeric => {
  const places = toDouble(decimals);
  if (!Number.isInteger(places) || Math.abs(places) > 100)
    throw new CalculationError('round() takes a whole number of decimals from -100 to 100.');
  const scale = power(integer(10n), integer(BigInt(places)));
  const scaled = multiply(value, scale);
  const isNegative = compare(scaled, integer(0n)) < 0;
  const whole = floor(add(isNegative ? negate(scaled) : scaled, HALF));
  return divide(isNegative ? negate(whole) : whole, scale);
};

const wholeOf = (name: string, value: Numeric): bigint => {
  if (typeof value === 'number' || !isInteger(value))
    throw new CalculationError(`${name}() takes whole numbers.`);
  return value.numerator;
};

const factorial = (value: Numeric): Numeric => {
  const n = wholeOf('factorial', value);
  if (n < 0n || n > MAX_FACTORIAL)
    throw new CalculationError(`factorial() takes a whole number from 0 to ${MAX_FACTORIAL}.`);
  let product = 1n;
  for (let i = 2n; i <= n; i++) product *= i;
  return integer(product);
};

const gcd = (left: Numeric, right: Numeric): Numeric => {
  let [a, b] = [wholeOf('gcd', left), wholeOf('gcd', right)];
  while (b !== 0n) [a, b] = [b, a % b];
  return integer(a < 0n ? -a : a);
};

/** Remainder with the sign of the divisor, as in Python. */
const modulo = (left: Numeric, right: Numeric): Numeric => {
  if (isZero(right)) throw new CalculationError('mod() by zero.');
  const rest = remainder(left, right);
  return !isZero(rest) && compare(rest, integer(0n)) < 0 !== compare(right, integer(0n)) < 0
    ? add(rest, right)
    : rest;
};

export const FUNCTIONS: ReadonlyMap<string, CalculatorFunction> = new Map([
  ['abs', ofOne((value) => (compare(value, integer(0n)) < 0 ? negate(value) : value))],
  ['sqrt', ofOne(squareRoot)],
  ['cbrt', rounded(Math.cbrt)],
  ['exp', rounded(Math.exp)],
  ['ln', rounded(Math.log)],
  ['log2', rounded(Math.log2)],
  ['log10', rounded(Math.log10)],
  [
    'log',
    {
      minArguments: 1,
      maxArguments: 2,
      apply: (value, base) =>
        base === undefined
          ? Math.log(toDouble(value!))
          : Math.log(toDouble(value!)) / Math.log(toDouble(base)),
    },
  ],
  ['sin', rounded(Math.sin)],
  ['cos', rounded(Math.cos)],
  ['tan', rounded(Math.tan)],
  ['asin', rounded(Math.asin)],
  ['acos', rounded(Math.acos)],
  ['atan', rounded(Math.atan)],
  ['atan2', ofTwo((y, x) => Math.atan2(toDouble(y), toDouble(x)))],
  ['sinh', rounded(Math.sinh)],
  ['cosh', rounded(Math.cosh)],
  ['tanh', rounded(Math.tanh)],
  ['degrees', rounded((value) => (value * 180) / Math.PI)],
  ['radians', rounded((value) => (value * Math.PI) / 180)],
  ['floor', ofOne(floor)],
  ['ceil', ofOne((value) => negate(floor(negate(value))))],
  [
    'trunc',
    ofOne((value) => (compare(value, integer(0n)) < 0 ? negate(floor(negate(value))) : floor(value))),
  ],
  ['round', { minArguments: 1, maxArguments: 2, apply: (value, decimals) => round(value!, decimals) }],
  ['pow', ofTwo(power)],
  ['mod', ofTwo(modulo)],
  ['gcd', ofTwo(gcd)],
  ['factorial', ofOne(factorial)],
  ['min', ofAny((left, right) => (compare(left, right) <= 0 ? left : right))],
  ['max', ofAny((left, right) => (compare(left, right) >= 0 ? left : right))],
  ['sum', ofAny(add)],
]);

export const CONSTANTS: ReadonlyMap<string, number> = new Map([
  ['pi', Math.PI],
  ['tau', 2 * Math.PI],
  ['e', Math.E],
]);
