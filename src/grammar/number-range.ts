// Decimal numbers between two limits, digit by digit.

import { choice, type Ebnf, EMPTY, literal, oneOf, repeat, sequence } from './ebnf.js';
import { unsupportedGrammar } from './errors.js';

/** Limits are beyond what is written where none is given. */
export interface Limits {
  readonly least: number | undefined;
  readonly most: number | undefined;
  /** The limit itself is none of the numbers. */
  readonly isAboveLeast: boolean;
  readonly isBelowMost: boolean;
}

const LARGEST = 10 ** 15 - 1;

export const integersWithin = ({ least, most, isAboveLeast, isBelowMost }: Limits): Ebnf => {
  const smallest =
    least === undefined ? -LARGEST : Math.ceil(least) + (isAboveLeast && Number.isInteger(least) ? 1 : 0);
  const largest =
    most === undefined ? LARGEST : Math.floor(most) - (isBelowMost && Number.isInteger(most) ? 1 : 0);
  return oneOrMore([...signed(smallest, largest)]);
};

/** Numbers with a fraction have a digit other than 0 in it, so they lie strictly between their neighbours. */
export const numbersWithin = (limits: Limits): Ebnf => {
  const { least, most } = limits;
  for (const limit of [least, most])
    if (limit !== undefined && !Number.isInteger(limit))
      throw unsupportedGrammar(`a limit of a number is ${limit}; only whole numbers can be limits`);
  const fraction = sequence(literal('.'), repeat(digit, 0, 8), oneOf([[0x31, 0x39]]));
  const low = least ?? -LARGEST;
  const high = most ?? LARGEST;
  const positive =
    high > 0 && high - 1 >= Math.max(low, 0)
      ? [sequence(digitsWithin(Math.max(low, 0), high - 1), fraction)]
      : [];
  const negative =
    low < 0 && -low - 1 >= Math.max(-high, 0)
      ? [sequence(literal('-'), digitsWithin(Math.max(-high, 0), -low - 1), fraction)]
      : [];
  const whole = integersOrNone(limits);
  return oneOrMore([...whole, ...positive, ...negative]);
};

const digit = oneOf([[0x30, 0x39]]);

const integersOrNone = (limits: Limits): Ebnf[] => {
  const least = limits.least ?? -LARGEST;
  const most = limits.most ?? LARGEST;
  return signed(limits.isAboveLeast ? least + 1 : least, limits.isBelowMost ? most - 1 : most);
};

const signed = (smallest: number, largest: number): Ebnf[] => {
  const low = Math.max(smallest, -LARGEST);
  const high = Math.min(largest, LARGEST);
  if (low > high) return [];
  return [
    ...(high >= 0 ? [digitsWithin(Math.max(low, 0), high)] : []),
    ...(low < 0 ? [sequence(literal('-'), digitsWithin(Math.max(-high, 1), -low))] : []),
  ];
};

const oneOrMore = (options: readonly Ebnf[]): Ebnf => {
  if (options.length === 0) throw unsupportedGrammar('its limits leave no number');
  return choice(...options);
};

/** Whole numbers from `low` to `high`, neither negative. */
const digitsWithin = (low: number, high: number): Ebnf => {
  const options: Ebnf[] = [];
  for (let length = String(low).length; length <= String(high).length; length++) {
    const first = Math.max(low, length === 1 ? 0 : 10 ** (length - 1));
    const last = Math.min(high, 10 ** length - 1);
    options.push(ofOneLength(String(first), String(last)));
  }
  return choice(...options);
};

const ofOneLength = (low: string, high: string): Ebnf => {
  if (low === '') return EMPTY;
  if (low === high) return literal(low);
  const [first, last] = [low.charCodeAt(0), high.charCodeAt(0)];
  const rest = low.length - 1;
  const [lowRest, highRest] = [low.slice(1), high.slice(1)];
  const [zeros, nines] = ['0'.repeat(rest), '9'.repeat(rest)];
  if (first === last) return sequence(literal(low[0]!), ofOneLength(lowRest, highRest));
  const isWholeBelow = lowRest === zeros;
  const isWholeAbove = highRest === nines;
  const from = isWholeBelow ? first : first + 1;
  const to = isWholeAbove ? last : last - 1;
  return choice(
    ...(isWholeBelow ? [] : [sequence(literal(low[0]!), ofOneLength(lowRest, nines))]),
    ...(from <= to ? [sequence(oneOf([[from, to]]), rest === 0 ? EMPTY : repeat(digit, rest, rest))] : []),
    ...(isWholeAbove ? [] : [sequence(literal(high[0]!), ofOneLength(zeros, highRest))]),
  );
};
