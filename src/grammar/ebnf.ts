// Grammars as the matcher takes them: EBNF over code points. Every piece carries what it will cost to compile, so that
// a hostile schema is refused before anything is compiled.

import { unsupportedGrammar } from './errors.js';

/** A piece of a rule's right side, safe to stand beside others; `size` counts the places a match can be at. */
export interface Ebnf {
  readonly text: string;
  readonly size: number;
}

/** Inclusive code points. */
export type CodePointRange = readonly [first: number, last: number];

/**
 * Compiling takes about a millisecond for a place that many tokens can continue from, as within a string (measured: 45 s
 * for a string of at most 10,000 characters on a busy 2-core machine).
 */
const MAX_SIZE = 2048;
const MAX_CODE_POINT = 0x10ffff;
const SURROGATES: CodePointRange = [0xd800, 0xdfff];
const ASCII: CodePointRange = [0x00, 0x7f];
const BEYOND_ASCII: CodePointRange = [0x80, MAX_CODE_POINT];
const MAX_WRITTEN_OUT = 256;

const IS_SET = /^\[[^[\]]*\]$/;

export const EMPTY: Ebnf = { text: '""', size: 0 };

export const literal = (text: string): Ebnf => ({
  text: `"${Array.from(text, escapedInText).join('')}"`,
  size: text.length / 8, // few tokens continue a fixed text
});

/**
 * One code point of the ranges; they may overlap. xgrammar 0.1.27 has sets of ASCII characters, and sets without some ASCII
 * characters, which hold all others. So beyond ASCII a set has few characters, which are written out, or all but few:
 * those stand in the set for read-ebnf.ts, xgrammar does not see them, and the masks are corrected.
 */
export const oneOf = (ranges: readonly CodePointRange[]): Ebnf => {
  const missing = complementOf(ranges);
  const ascii = complementOf([...missing, BEYOND_ASCII]);
  const others = complementOf([...missing, ASCII]);
  const missingOthers = complementOf([...ranges, ASCII]);
  if (numOf(missingOthers) <= MAX_WRITTEN_OUT) {
    const missingAscii = complementOf([...ascii, BEYOND_ASCII]);
    return { text: `[^${members(missingAscii) || escaped(0)}${members(missingOthers)}]`, size: 1 };
  }
  if (numOf(others) > MAX_WRITTEN_OUT)
    throw unsupportedGrammar(
      'a set of characters that has many of those beyond ASCII and not others is not supported',
    );
  const characters = others.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => literal(String.fromCodePoint(first + index))),
  );
  return choice(...(ascii.length > 0 ? [{ text: `[${members(ascii)}]`, size: 1 }] : []), ...characters);
};

/** The grammar as far as xgrammar can follow it: its sets hold all characters beyond ASCII or none. */
export const withAsciiSets = (grammar: string): string =>
  grammar.replace(/\[\^(?:\\U[0-9a-f]{8}-?)+\]/g, (set) =>
    set.replace(/\\U(?!000000[0-7])[0-9a-f]{8}(?:-\\U[0-9a-f]{8})?/g, ''),
  );

export const sequence = (...parts: readonly Ebnf[]): Ebnf => {
  const present = parts.filter(({ text }) => text !== EMPTY.text);
  if (present.length === 0) return EMPTY;
  if (present.length === 1) return present[0]!;
  return { text: `(${present.map(({ text }) => text).join(' ')})`, size: sum(present) };
};

export const choice = (...options: readonly Ebnf[]): Ebnf =>
  options.length === 1
    ? options[0]!
    : { text: `(${options.map(({ text }) => text).join(' | ')})`, size: sum(options) };

export const optional = (part: Ebnf): Ebnf => choice(EMPTY, part);

/** `most` undefined: without end. */
export const repeat = (part: Ebnf, least: number, most: number | undefined): Ebnf => {
  if (most === 0) return EMPTY;
  const size = part.size * Math.max(1, most ?? least + 1);
  if (size > MAX_SIZE) throw tooLarge();
  // A set must not be put in brackets: xgrammar follows `[…]*` within one rule, and a bracketed part as a rule of its own
  // for each character, which costs a mask some 200 ms instead of 0.1 ms.
  const repeated = IS_SET.test(part.text) ? part.text : `(${part.text})`;
  if (most === undefined && least <= 1) return { text: `${repeated}${least === 0 ? '*' : '+'}`, size };
  return { text: `${repeated}{${least},${most ?? ''}}`, size };
};

/** All code points outside of the ranges; surrogates are none. */
export const complementOf = (ranges: readonly CodePointRange[]): CodePointRange[] => {
  const complement: CodePointRange[] = [];
  let next = 0;
  for (const [first, last] of [...ranges, SURROGATES].sort(([a], [b]) => a - b)) {
    if (first > next) complement.push([next, first - 1]);
    next = Math.max(next, last + 1);
  }
  if (next <= MAX_CODE_POINT) complement.push([next, MAX_CODE_POINT]);
  return complement;
};

export interface Rules {
  /** A reference to the rule that `define` gives; the name is only for reading. */
  add(name: string, define: (self: Ebnf) => Ebnf): Ebnf;
  /** The whole grammar, which begins at `root`. */
  grammar(root: Ebnf): string;
}

export const createRules = (): Rules => {
  const lines: string[] = [];
  let numRules = 0;
  let size = 0;
  return {
    add(name, define) {
      const ruleName = `${name.replace(/[^A-Za-z0-9_]/g, '_').slice(0, 32)}_${++numRules}`;
      const reference: Ebnf = { text: ruleName, size: 1 };
      const body = define(reference);
      size += body.size;
      if (size > MAX_SIZE) throw tooLarge();
      lines.push(`${ruleName} ::= ${body.text}`);
      return reference;
    },
    grammar: (root) => `root ::= ${root.text}\n${lines.join('\n')}\n`,
  };
};

const numOf = (ranges: readonly CodePointRange[]): number =>
  ranges.reduce((total, [first, last]) => total + last - first + 1, 0);

const sum = (parts: readonly Ebnf[]): number => {
  const size = parts.reduce((total, part) => total + part.size, 0);
  if (size > MAX_SIZE) throw tooLarge();
  return size;
};

const members = (ranges: readonly CodePointRange[]): string =>
  ranges
    .map(([first, last]) => (first === last ? escaped(first) : `${escaped(first)}-${escaped(last)}`))
    .join('');

/**
 * A code point by its number. xgrammar reads hexadecimal digits for as long as they come, so no character that is one may
 * follow; in a set nothing does, because every member is written so.
 */
const escaped = (codePoint: number): string => `\\U${codePoint.toString(16).padStart(8, '0')}`;

const escapedInText = (character: string): string => {
  if (/[A-Za-z0-9 _,.:;<>=@%&!?~{}()[\]*+|/$^'#-]/.test(character)) return character;
  const short = SHORT_ESCAPES[character];
  return short ?? `${escaped(character.codePointAt(0)!)}" "`;
};

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const tooLarge = () =>
  unsupportedGrammar('it is too large to be followed: give it fewer properties or smaller limits');
