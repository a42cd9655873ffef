// The grammar of JSON texts. Every text that these accept is valid JSON, and nothing in them can go on for ever except
// strings: a model at a high temperature would otherwise write spaces or digits without end.

import {
  choice,
  type CodePointRange,
  complementOf,
  type Ebnf,
  EMPTY,
  literal,
  oneOf,
  optional,
  repeat,
  type Rules,
  sequence,
} from './ebnf.js';
import type { WriteSet } from './regex.js';

const MAX_INDENT = 32;
/** As many as a double keeps exactly. */
const MAX_DIGITS = 15;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CONTROLS: CodePointRange = [0x00, 0x1f];
const SHORT_ESCAPES: ReadonlyArray<readonly [codePoint: number, text: string]> = [
  [QUOTE, '\\"'],
  [BACKSLASH, '\\\\'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
];
const NEEDS_ESCAPE: readonly CodePointRange[] = [CONTROLS, [QUOTE, QUOTE], [BACKSLASH, BACKSLASH]];

const digits = oneOf([[0x30, 0x39]]);
const digitsFromOne = oneOf([[0x31, 0x39]]);
const hex = oneOf([
  [0x30, 0x39],
  [0x41, 0x46],
  [0x61, 0x66],
]);

/** A code point of the set as it stands in a JSON string; control characters without a short escape are left out. */
export const jsonSet: WriteSet = (ranges) => {
  const plain = complementOf([...complementOf(ranges), ...NEEDS_ESCAPE]);
  const escapes = SHORT_ESCAPES.filter(([codePoint]) =>
    ranges.some(([first, last]) => codePoint >= first && codePoint <= last),
  ).map(([, text]) => literal(text));
  const options = [...(plain.length > 0 ? [oneOf(plain)] : []), ...escapes];
  return choice(...options);
};

/** A character that counts as one, whoever counts. */
export const countedCharacter = jsonSet(complementOf([]));

export const quoted = (content: Ebnf): Ebnf => sequence(literal('"'), content, literal('"'));

export const integer = sequence(
  optional(literal('-')),
  choice(literal('0'), sequence(digitsFromOne, repeat(digits, 0, MAX_DIGITS - 1))),
);

const fraction = sequence(literal('.'), repeat(digits, 1, MAX_DIGITS));
const exponent = sequence(
  oneOf([
    [0x45, 0x45],
    [0x65, 0x65],
  ]),
  optional(
    oneOf([
      [0x2b, 0x2b],
      [0x2d, 0x2d],
    ]),
  ),
  repeat(digits, 1, 2),
);
export const number = sequence(integer, optional(fraction), optional(exponent));

export interface JsonText {
  /** None, a space, or a line end with its indentation. */
  readonly space: Ebnf;
  readonly string: Ebnf;
  /** Any value. */
  readonly value: Ebnf;
  readonly object: Ebnf;
  readonly array: Ebnf;
}

/** The rules that schemas share, each made when it is first needed. */
export const createJsonText = (rules: Rules): JsonText => {
  const once = (name: string, define: (self: Ebnf) => Ebnf): (() => Ebnf) => {
    let known: Ebnf | undefined;
    return () => known ?? rules.add(name, (self) => define((known = self)));
  };
  const space = once('space', () =>
    choice(EMPTY, literal(' '), sequence(literal('\n'), repeat(literal(' '), 0, MAX_INDENT))),
  );
  const string = once('string', () => {
    // No half of a surrogate pair: many readers of JSON refuse it.
    const unicode = sequence(
      literal('\\u'),
      choice(
        sequence(
          oneOf([
            [0x30, 0x39],
            [0x41, 0x43],
            [0x45, 0x46],
            [0x61, 0x63],
            [0x65, 0x66],
          ]),
          repeat(hex, 3, 3),
        ),
        sequence(
          oneOf([
            [0x44, 0x44],
            [0x64, 0x64],
          ]),
          oneOf([[0x30, 0x37]]),
          repeat(hex, 2, 2),
        ),
      ),
    );
    const plain = repeat(oneOf(complementOf(NEEDS_ESCAPE)), 0, undefined);
    const escapes = choice(...SHORT_ESCAPES.map(([, text]) => literal(text)), literal('\\/'), unicode);
    return quoted(sequence(plain, repeat(sequence(escapes, plain), 0, undefined)));
  });
  const list = (open: string, item: Ebnf, close: string): Ebnf =>
    sequence(
      literal(open),
      space(),
      optional(sequence(item, repeat(sequence(space(), literal(','), space(), item), 0, undefined), space())),
      literal(close),
    );
  const value = once('value', () =>
    choice(object(), array(), string(), number, literal('true'), literal('false'), literal('null')),
  );
  const object = once('object', () =>
    list('{', sequence(string(), space(), literal(':'), space(), value()), '}'),
  );
  const array = once('array', () => list('[', value(), ']'));
  return {
    get space() {
      return space();
    },
    get string() {
      return string();
    },
    get value() {
      return value();
    },
    get object() {
      return object();
    },
    get array() {
      return array();
    },
  };
};
