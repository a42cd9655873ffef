// Regular expressions as grammars: the part that patterns in schemas and terminals in Lark grammars use. What has no
// regular meaning of its own (look-around, back-references, word boundaries) is refused by name.

import {
  choice,
  type CodePointRange,
  complementOf,
  EMPTY,
  type Ebnf,
  oneOf,
  repeat,
  sequence,
} from './ebnf.js';
import { unsupportedGrammar } from './errors.js';

/** How one code point of a set is written: as itself, or as within a JSON string. */
export type WriteSet = (ranges: readonly CodePointRange[]) => Ebnf;

/** What expressions mean differently where they come from. */
export interface RegexDialect {
  /** Not matched by `.`. */
  readonly lineEnds: readonly CodePointRange[];
  /** Matched by `\\s`. */
  readonly spaces: readonly CodePointRange[];
}

export interface RegexOptions {
  readonly dialect: RegexDialect;
  readonly write: WriteSet;
  readonly ignoresCase: boolean;
  /** `.` matches line ends too. */
  readonly dotAll: boolean;
  /** What may stand before and after a match that is not anchored; EMPTY where the whole text has to match. */
  readonly around: Ebnf;
}

const SPACE_SEPARATORS: readonly CodePointRange[] = [
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
];
const LINE_SEPARATORS: CodePointRange = [0x2028, 0x2029];

/** LineTerminator and WhiteSpace of https://262.ecma-international.org/#sec-ecmascript-language-lexical-grammar */
export const ecmaDialect: RegexDialect = {
  lineEnds: [[0x0a, 0x0a], [0x0d, 0x0d], LINE_SEPARATORS],
  spaces: [[0x09, 0x0d], ...SPACE_SEPARATORS, LINE_SEPARATORS, [0xfeff, 0xfeff]],
};
/** As of https://docs.rs/regex/latest/regex/#syntax, which reads the grammars that the hosted models are held to. */
export const larkDialect: RegexDialect = {
  lineEnds: [[0x0a, 0x0a]],
  spaces: [[0x09, 0x0d], [0x85, 0x85], ...SPACE_SEPARATORS, LINE_SEPARATORS],
};

const MAX_PATTERN_CHARS = 1024;
const MAX_GROUP_DEPTH = 32;
const DIGITS: readonly CodePointRange[] = [[0x30, 0x39]];
const WORD: readonly CodePointRange[] = [
  [0x30, 0x39],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
];
const CONTROLS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, f: 0x0c, v: 0x0b, 0: 0 };

export const regexToEbnf = (pattern: string, options: RegexOptions): Ebnf => {
  if (pattern.length > MAX_PATTERN_CHARS)
    throw unsupportedGrammar(`a pattern has ${pattern.length} characters, more than ${MAX_PATTERN_CHARS}`);
  const reader = new RegexReader(pattern, options);
  return reader.readAll();
};

class RegexReader {
  readonly #characters: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(
    readonly pattern: string,
    readonly options: RegexOptions,
  ) {
    this.#characters = Array.from(pattern);
  }

  readAll(): Ebnf {
    const whole = this.#readChoice(true);
    if (this.#at < this.#characters.length) throw this.#unsupported('an unmatched )');
    return whole;
  }

  #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #take(expected: string): boolean {
    if (
      !this.#characters
        .slice(this.#at, this.#at + expected.length)
        .join('')
        .startsWith(expected)
    )
      return false;
    this.#at += expected.length;
    return true;
  }

  #readChoice(isTop: boolean): Ebnf {
    const options = [this.#readSequence(isTop)];
    while (this.#take('|')) options.push(this.#readSequence(isTop));
    return choice(...options);
  }

  /** Anchors mean something only at the ends of the whole pattern or of its alternatives. */
  #readSequence(isTop: boolean): Ebnf {
    const { around } = this.options;
    const startsAnchored = isTop && this.#take('^');
    const parts: Ebnf[] = [];
    let endsAnchored = false;
    for (let next = this.#peek(); next !== undefined && next !== '|' && next !== ')'; next = this.#peek()) {
      if (isTop && next === '$' && [undefined, '|'].includes(this.#characters[this.#at + 1])) {
        this.#at++;
        endsAnchored = true;
      } else {
        parts.push(this.#readRepeated());
      }
    }
    if (isTop && !startsAnchored) parts.unshift(around);
    if (isTop && !endsAnchored) parts.push(around);
    return sequence(...parts);
  }

  #readRepeated(): Ebnf {
    let part = this.#readOne();
    for (;;) {
      const counts = this.#readCounts();
      if (counts === null) return part;
      part = repeat(part, counts.least, counts.most);
      this.#take('?'); // lazy: the same texts match
      if (this.#peek() === '+') throw this.#unsupported('a possessive quantifier');
    }
  }

  #readCounts(): { readonly least: number; readonly most: number | undefined } | null {
    if (this.#take('*')) return { least: 0, most: undefined };
    if (this.#take('+')) return { least: 1, most: undefined };
    if (this.#take('?')) return { least: 0, most: 1 };
    if (this.#peek() !== '{') return null;
    const rest = this.#characters.slice(this.#at, this.#at + 16).join('');
    const match = /^\{(\d{1,5})(,(\d{1,5})?)?\}/.exec(rest);
    if (match === null) throw this.#unsupported('a { that begins no count');
    this.#at += match[0].length;
    const least = Number(match[1]);
    const most = match[2] === undefined ? least : match[3] === undefined ? undefined : Number(match[3]);
    if (most !== undefined && most < least)
      throw this.#unsupported('a count whose limits are the wrong way round');
    return { least, most };
  }

  #readOne(): Ebnf {
    const character = this.#characters[this.#at++]!;
    switch (character) {
      case '(':
        return this.#readGroup();
      case '[':
        return this.#write(this.#readClass());
      case '.':
        return this.#write(complementOf(this.options.dotAll ? [] : this.options.dialect.lineEnds));
      case '\\':
        return this.#write(this.#readEscape(false));
      case '^':
      case '$':
        throw this.#unsupported(`a ${character} within it`);
      case '*':
      case '+':
      case '?':
      case '{':
        throw this.#unsupported(`a ${character} with nothing before it`);
      default:
        return this.#write([codePoint(character)]);
    }
  }

  #readGroup(): Ebnf {
    if (++this.#depth > MAX_GROUP_DEPTH) throw this.#unsupported('groups nested too deeply');
    if (this.#take('?:') || this.#readGroupName()) {
      // A group that matches as any other.
    } else if (this.#peek() === '?') {
      throw this.#unsupported(`(?${this.#characters[this.#at + 1] ?? ''}…)`);
    }
    const inner = this.#readChoice(false);
    if (!this.#take(')')) throw this.#unsupported('an unmatched (');
    this.#depth--;
    return inner;
  }

  #readGroupName(): boolean {
    const match = /^\?P?<[A-Za-z_]\w*>/.exec(this.#characters.slice(this.#at, this.#at + 64).join(''));
    if (match === null) return false;
    this.#at += match[0].length;
    return true;
  }

  #readClass(): readonly CodePointRange[] {
    const isNegated = this.#take('^');
    const ranges: CodePointRange[] = [];
    for (let isFirst = true; ; isFirst = false) {
      const character = this.#peek();
      if (character === undefined) throw this.#unsupported('an unmatched [');
      if (character === ']' && !isFirst) break;
      const first = this.#readClassMember();
      const isRange =
        this.#peek() === '-' && ![undefined, ']'].includes(this.#characters[this.#at + 1]) && isSingle(first);
      if (!isRange) {
        ranges.push(...first);
        continue;
      }
      this.#at++;
      const last = this.#readClassMember();
      if (!isSingle(last) || last[0]![0] < first[0]![0]) throw this.#unsupported('a range that is none');
      ranges.push([first[0]![0], last[0]![0]]);
    }
    this.#at++;
    const folded = this.#fold(ranges);
    const members = isNegated ? complementOf(folded) : folded;
    if (members.length === 0) throw this.#unsupported('a class without members');
    return members;
  }

  #readClassMember(): readonly CodePointRange[] {
    const character = this.#characters[this.#at++]!;
    return character === '\\' ? this.#readEscape(true) : [codePoint(character)];
  }

  #readEscape(isInClass: boolean): readonly CodePointRange[] {
    const character = this.#characters[this.#at++];
    switch (character) {
      case undefined:
        throw this.#unsupported('a \\ at its end');
      case 'd':
        return DIGITS;
      case 'D':
        return complementOf(DIGITS);
      case 'w':
        return WORD;
      case 'W':
        return complementOf(WORD);
      case 's':
        return this.options.dialect.spaces;
      case 'S':
        return complementOf(this.options.dialect.spaces);
      case 'x':
        return this.#readHex(/^[0-9A-Fa-f]{2}/);
      case 'u':
        return this.#readHex(/^(?:[0-9A-Fa-f]{4}|\{[0-9A-Fa-f]{1,6}\})/);
      case 'b':
        if (isInClass) return [[0x08, 0x08]];
        throw this.#unsupported('\\b');
      default: {
        const control = CONTROLS[character];
        if (control !== undefined && !/\d/.test(this.#peek() ?? '')) return [[control, control]];
        if (/[A-Za-z0-9]/.test(character)) throw this.#unsupported(`\\${character}`);
        return [codePoint(character)];
      }
    }
  }

  #readHex(digits: RegExp): readonly CodePointRange[] {
    const match = digits.exec(this.#characters.slice(this.#at, this.#at + 8).join(''));
    if (match === null) throw this.#unsupported('a wrong \\x or \\u');
    this.#at += match[0].length;
    const value = parseInt(match[0].replace(/[{}]/g, ''), 16);
    if (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
      throw this.#unsupported('a \\u that is no character');
    return [[value, value]];
  }

  #write(ranges: readonly CodePointRange[]): Ebnf {
    return this.options.write(this.#fold(ranges));
  }

  /** Letters of the other case as well, where case is ignored; beyond ASCII only single characters are folded. */
  #fold(ranges: readonly CodePointRange[]): readonly CodePointRange[] {
    if (!this.options.ignoresCase) return ranges;
    return ranges.flatMap(([first, last]): CodePointRange[] => {
      const upper = overlap([first, last], [0x61, 0x7a], -0x20);
      const lower = overlap([first, last], [0x41, 0x5a], 0x20);
      return [[first, last], ...upper, ...lower];
    });
  }

  #unsupported(what: string): Error {
    return unsupportedGrammar(`the pattern ${JSON.stringify(this.pattern.slice(0, 60))} has ${what}`);
  }
}

/** A set as it stands. */
export const plainSet: WriteSet = (ranges) => oneOf(ranges);

export const anyText = (write: WriteSet): Ebnf => repeat(write(complementOf([])), 0, undefined);

/** The whole text has to match. */
export const wholeText = {
  dialect: larkDialect,
  write: plainSet,
  ignoresCase: false,
  dotAll: false,
  around: EMPTY,
} as const;

const overlap = (
  [first, last]: CodePointRange,
  [from, to]: CodePointRange,
  shift: number,
): CodePointRange[] => {
  const start = Math.max(first, from);
  const end = Math.min(last, to);
  return start <= end ? [[start + shift, end + shift]] : [];
};

const isSingle = (ranges: readonly CodePointRange[]): boolean =>
  ranges.length === 1 && ranges[0]![0] === ranges[0]![1];

const codePoint = (character: string): CodePointRange => [
  character.codePointAt(0)!,
  character.codePointAt(0)!,
];
