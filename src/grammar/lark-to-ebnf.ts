// A Lark grammar as one over characters. Lark first cuts the text into terminals, greedily; here a rule simply matches
// where its characters do, so all that Lark accepts is accepted, and what is accepted can be cut in Lark's way too as long
// as terminals do not swallow each other's text, as in the grammars of patches and of line formats.

import {
  choice,
  createRules,
  type Ebnf,
  EMPTY,
  literal,
  oneOf,
  repeat,
  type Rules,
  sequence,
} from './ebnf.js';
import { unsupportedGrammar } from './errors.js';
import { type LarkExpression, type LarkGrammar, parseLark } from './lark.js';
import { larkDialect, plainSet, regexToEbnf, wholeText } from './regex.js';

/** Terminals of https://github.com/lark-parser/lark/blob/master/lark/grammars/common.lark as regular expressions. */
const COMMON: Readonly<Record<string, string>> = {
  DIGIT: '[0-9]',
  HEXDIGIT: '[a-fA-F0-9]',
  INT: '[0-9]+',
  SIGNED_INT: '[+-]?[0-9]+',
  DECIMAL: '[0-9]+\\.[0-9]*|\\.[0-9]+',
  FLOAT: '[0-9]+[eE][+-]?[0-9]+|(?:[0-9]+\\.[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?',
  NUMBER: '(?:[0-9]+\\.[0-9]*|\\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?',
  SIGNED_NUMBER: '[+-]?(?:[0-9]+\\.[0-9]*|\\.[0-9]+|[0-9]+)(?:[eE][+-]?[0-9]+)?',
  ESCAPED_STRING: '"(?:[^"\\\\\\n]|\\\\[^\\n])*"',
  LCASE_LETTER: '[a-z]',
  UCASE_LETTER: '[A-Z]',
  LETTER: '[a-zA-Z]',
  WORD: '[a-zA-Z]+',
  CNAME: '[_a-zA-Z][_a-zA-Z0-9]*',
  WS_INLINE: '[ \\t]+',
  WS: '[ \\t\\f\\r\\n]+',
  CR: '\\r',
  LF: '\\n',
  NEWLINE: '(?:\\r?\\n)+',
};
const START = 'start';

/** Throws `unsupported_option`, naming the construct. */
export const larkToEbnf = (definition: string): string => {
  const grammar = parseLark(definition);
  if (!grammar.rules.has(START)) throw unsupportedGrammar(`the grammar has no rule ${START}`);
  checkLeftRecursion(grammar);
  const rules = createRules();
  return rules.grammar(new LarkConversion(grammar, rules).rule(START));
};

/** The whole text has to match. */
export const regexToGrammar = (pattern: string): string =>
  createRules().grammar(regexToEbnf(pattern, wholeText));

class LarkConversion {
  readonly #known = new Map<string, Ebnf>();

  constructor(
    readonly source: LarkGrammar,
    readonly rules: Rules,
  ) {}

  rule(name: string): Ebnf {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    return this.rules.add(name, (self) => {
      this.#known.set(name, self);
      const expression = this.source.rules.get(name);
      return expression === undefined ? this.#library(name) : this.#convert(expression);
    });
  }

  #library(name: string): Ebnf {
    const imported = this.source.imports.get(name);
    const pattern = imported === undefined ? undefined : COMMON[imported];
    if (pattern !== undefined) return regexToEbnf(pattern, wholeText);
    throw unsupportedGrammar(
      imported === undefined
        ? `the Lark rule ${name} is not defined`
        : `%import common.${imported} is not known`,
    );
  }

  #convert(expression: LarkExpression): Ebnf {
    switch (expression.type) {
      case 'text':
        return textOf(expression.text, expression.ignoresCase);
      case 'pattern':
        return patternOf(expression.pattern, expression.flags);
      case 'range':
        return rangeOf(expression.first, expression.last);
      case 'name':
        return this.rule(expression.name);
      case 'sequence':
        return sequence(...expression.parts.map((part) => this.#convert(part)));
      case 'choice':
        return choice(...expression.options.map((option) => this.#convert(option)));
      case 'repeat':
        return repeat(this.#convert(expression.part), expression.least, expression.most);
    }
  }
}

const textOf = (text: string, ignoresCase: boolean): Ebnf => {
  if (text === '') return EMPTY;
  if (!ignoresCase) return literal(text);
  return sequence(
    ...Array.from(text, (character) => {
      const cases = [...new Set([character.toLowerCase(), character.toUpperCase()])].filter(
        (each) => [...each].length === 1,
      );
      return choice(...cases.map(literal));
    }),
  );
};

const patternOf = (pattern: string, flags: string): Ebnf => {
  const odd = [...flags].find((flag) => !'isu'.includes(flag));
  if (odd !== undefined)
    throw unsupportedGrammar(`the flag ${odd} of the pattern /${pattern.slice(0, 60)}/ is not supported`);
  return regexToEbnf(pattern, {
    dialect: larkDialect,
    write: plainSet,
    ignoresCase: flags.includes('i'),
    dotAll: flags.includes('s'),
    around: EMPTY,
  });
};

const rangeOf = (first: string, last: string): Ebnf => {
  const [from, to] = [first.codePointAt(0), last.codePointAt(0)];
  if ([...first, ...last].length !== 2 || from === undefined || to === undefined || to < from)
    throw unsupportedGrammar(`the range ${JSON.stringify(first)}..${JSON.stringify(last)} is none`);
  return oneOf([[from, to]]);
};

/** A rule that can begin with itself is fine for Lark, and endless for a matcher that reads from left to right. */
const checkLeftRecursion = ({ rules }: LarkGrammar): void => {
  const empties = emptyRules(rules);
  const firstNames = (expression: LarkExpression): readonly string[] => {
    switch (expression.type) {
      case 'name':
        return [expression.name];
      case 'choice':
        return expression.options.flatMap(firstNames);
      case 'repeat':
        return firstNames(expression.part);
      case 'sequence': {
        const end = expression.parts.findIndex((part) => !canBeEmpty(part, empties));
        return expression.parts.slice(0, end === -1 ? undefined : end + 1).flatMap(firstNames);
      }
      default:
        return [];
    }
  };
  const first = new Map([...rules].map(([name, expression]) => [name, firstNames(expression)]));
  for (const name of rules.keys()) {
    const reached = new Set<string>();
    const pending = [...(first.get(name) ?? [])];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (next === name)
        throw unsupportedGrammar(
          `the Lark rule ${name} begins with itself, which is not supported (write it with + or *)`,
        );
      if (reached.has(next)) continue;
      reached.add(next);
      pending.push(...(first.get(next) ?? []));
    }
  }
};

const emptyRules = (rules: LarkGrammar['rules']): ReadonlySet<string> => {
  const empties = new Set<string>();
  for (let before = -1; before < empties.size;) {
    before = empties.size;
    for (const [name, expression] of rules) if (canBeEmpty(expression, empties)) empties.add(name);
  }
  return empties;
};

/** Patterns count as possibly empty: at worst a grammar is refused. */
const canBeEmpty = (expression: LarkExpression, empties: ReadonlySet<string>): boolean => {
  switch (expression.type) {
    case 'text':
      return expression.text === '';
    case 'pattern':
      return true;
    case 'range':
      return false;
    case 'name':
      return empties.has(expression.name);
    case 'sequence':
      return expression.parts.every((part) => canBeEmpty(part, empties));
    case 'choice':
      return expression.options.some((option) => canBeEmpty(option, empties));
    case 'repeat':
      return expression.least === 0 || canBeEmpty(expression.part, empties);
  }
};
