// A calculator's expression → its value. Recursive descent; nothing is ever run as code.
//
//   sum     = product (('+' | '-') product)*
//   product = unary (('*' | '/' | '//' | '%') unary)*
//   unary   = ('+' | '-') unary | power
//   power   = factor (('^' | '**') unary)?         right-associative, binds tighter than a minus before it
//   factor  = primary '!'*
//   primary = NUMBER | NAME | NAME '(' sum (',' sum)* ')' | '(' sum ')'

import { CalculationError, CONSTANTS, FUNCTIONS } from './functions.js';
import {
  add,
  divide,
  floor,
  isZero,
  multiply,
  negate,
  type Numeric,
  parseDecimal,
  power,
  remainder,
  toDouble,
} from './rational.js';

/** Longer expressions are refused; so are deeper ones, before the stack is. */
const MAX_LENGTH = 4_096;
const MAX_DEPTH = 200;

interface Token {
  readonly kind: 'number' | 'name' | 'operator' | 'end';
  readonly text: string;
  /** Counted from 1, for a person. */
  readonly position: number;
}

/** Throws CalculationError with a sentence for the model. */
export const calculate = (expression: string): Numeric => {
  if (expression.length > MAX_LENGTH)
    throw new CalculationError(`The expression is longer than ${MAX_LENGTH} characters.`);
  const tokens = tokenize(expression);
  let next = 0;
  let depth = 0;

  const peek = (): Token => tokens[next]!;
  const take = (...texts: readonly string[]): string | null => {
    const { kind, text } = peek();
    if (kind !== 'operator' || !texts.includes(text)) return null;
    next++;
    return text;
  };
  const expect = (text: string): void => {
    if (take(text) === null) throw unexpected(peek(), `expected '${text}'`);
  };
  const nested = (parse: () => Numeric): Numeric => {
    if (++depth > MAX_DEPTH)
      throw new CalculationError(`The expression is nested more than ${MAX_DEPTH} deep.`);
    const value = parse();
    depth--;
    return value;
  };

  const sum = (): Numeric => {
    let value = product();
    for (let operator; (operator = take('+', '-')) !== null;) {
      const right = product();
      value = add(value, operator === '+' ? right : negate(right));
    }
    return value;
  };

  const product = (): Numeric => {
    let value = unary();
    for (let operator; (operator = take('*', '/', '//', '%')) !== null;) {
      const right = unary();
      if (operator === '*') {
        value = multiply(value, right);
        continue;
      }
      if (isZero(right)) throw new CalculationError('Division by zero.');
      if (operator === '/') value = divide(value, right);
      else value = operator === '%' ? remainder(value, right) : floor(divide(value, right));
    }
    return value;
  };

  const unary = (): Numeric => {
    const sign = take('+', '-');
    if (sign === null) return raised();
    const value = nested(unary);
    return sign === '-' ? negate(value) : value;
  };

  const raised = (): Numeric => {
    const base = factor();
    if (take('^', '**') === null) return base;
    const exponent = nested(unary);
    if (isZero(base) && toDouble(exponent) < 0) throw new CalculationError('Zero to a negative power.');
    return power(base, exponent);
  };

  const factor = (): Numeric => {
    let value = primary();
    while (take('!') !== null) value = FUNCTIONS.get('factorial')!.apply(value);
    return value;
  };

  const primary = (): Numeric => {
    const token = peek();
    if (take('(') !== null) {
      const value = nested(sum);
      expect(')');
      return value;
    }
    next++;
    if (token.kind === 'number') return parseDecimal(token.text);
    if (token.kind === 'name') return named(token);
    throw unexpected(token, 'expected a number, a name or a parenthesis');
  };

  const named = ({ text, position }: Token): Numeric => {
    const name = text.toLowerCase();
    if (take('(') === null) {
      const constant = CONSTANTS.get(name);
      if (constant !== undefined) return constant;
      throw new CalculationError(
        FUNCTIONS.has(name)
          ? `'${text}' at position ${position} is a function: write ${name}(…).`
          : `There is no '${text}' (position ${position}). Constants: ${[...CONSTANTS.keys()].join(', ')}. Functions: ${[...FUNCTIONS.keys()].join(', ')}.`,
      );
    }
    const called = FUNCTIONS.get(name);
    if (called === undefined)
      throw new CalculationError(
        `There is no function '${text}' (position ${position}). Functions: ${[...FUNCTIONS.keys()].join(', ')}.`,
      );
    const values = [nested(sum)];
    while (take(',') !== null) values.push(nested(sum));
    expect(')');
    const { minArguments, maxArguments, apply } = called;
    if (values.length < minArguments || values.length > maxArguments) {
      const wanted = minArguments === maxArguments ? `${minArguments}` : `${minArguments} to ${maxArguments}`;
      throw new CalculationError(`${name}() takes ${wanted} argument(s), not ${values.length}.`);
    }
    return apply(...values);
  };

  const value = sum();
  if (peek().kind !== 'end') throw unexpected(peek(), 'expected an operator or the end');
  if (typeof value === 'number' && Number.isNaN(value))
    throw new CalculationError('The result is not a real number.');
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new CalculationError('The result is too large.');
  return value;
};

const TOKEN =
  /\s*(?:(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<name>\p{L}[\p{L}\d_]*)|(?<operator>\*\*|\/\/|[-+*/%^!(),]))/uy;

/** What people and models write for the same operators. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/[×·⋅]/g, '*'],
  [/[÷∕]/g, '/'],
  [/[−–]/g, '-'],
  [/π/g, 'pi'],
];

const tokenize = (expression: string): readonly Token[] => {
  const text = SPELLINGS.reduce((so, [from, to]) => so.replace(from, to), expression).trimEnd();
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      const at = start + text.slice(start).search(/\S/);
      throw new CalculationError(
        `'${String.fromCodePoint(text.codePointAt(at)!)}' at position ${at + 1} is not understood.`,
      );
    }
    const { number, name, operator } = match.groups!;
    const found = number ?? name ?? operator!;
    const kind = number !== undefined ? 'number' : name !== undefined ? 'name' : 'operator';
    tokens.push({ kind, text: found, position: TOKEN.lastIndex - found.length + 1 });
  }
  if (tokens.length === 0) throw new CalculationError('The expression is empty.');
  return [...tokens, { kind: 'end', text: '', position: text.length + 1 }];
};

const unexpected = ({ kind, text, position }: Token, wanted: string): CalculationError =>
  new CalculationError(
    kind === 'end'
      ? `The expression ends too early: ${wanted}.`
      : `'${text}' at position ${position}: ${wanted}.`,
  );
