// Pre-tokenisation by regular expression, for vocabularies whose pattern has no scanner of ours:
// tiktoken's syntax (that of Rust's fancy-regex) translated to JavaScript's.

import { CodexpcError } from '../errors.js';

/** Cuts well-formed text into pieces that together are the whole text. */
export const createPatternSplitter = (pattern: string): ((text: string) => string[]) => {
  const expression = translatePattern(pattern);
  return (text) => {
    const pieces: string[] = [];
    let at = 0;
    for (const match of text.matchAll(expression)) {
      if (match[0].length === 0) continue;
      pieces.push(match[0]);
      at = match.index + match[0].length;
    }
    if (pieces.length === 0 && at < text.length) return [...text];
    return pieces;
  };
};

/**
 * Spells out `(?i:...)` (with U+017F for s and U+212A for k), turns possessive quantifiers and atomic
 * groups into a lookahead and a back reference, and gives \s and \S their Unicode meaning.
 * Throws `model_corrupt` for a pattern that JavaScript does not accept even so.
 */
export const translatePattern = (pattern: string): RegExp => {
  try {
    return new RegExp(new Translation(pattern).whole(), 'gu');
  } catch (cause) {
    throw new CodexpcError({
      code: 'model_corrupt',
      message: `The tokenizer's pattern is not a regular expression codexpc understands: ${pattern.slice(0, 80)}. Use a gpt-oss checkpoint.`,
      cause,
    });
  }
};

/** One pass over the pattern, an alternative at a time. */
class Translation {
  #at = 0;
  #numNamed = 0;

  constructor(readonly pattern: string) {}

  whole(): string {
    const body = this.#alternatives(false);
    if (this.#at < this.pattern.length) throw new SyntaxError(`unmatched ) at ${this.#at}`);
    return body;
  }

  #alternatives(ignoreCase: boolean): string {
    let out = '';
    while (this.#at < this.pattern.length && this.pattern[this.#at] !== ')') {
      if (this.pattern[this.#at] === '|') {
        out += '|';
        this.#at++;
      } else {
        out += this.#quantified(this.#atom(ignoreCase));
      }
    }
    return out;
  }

  #quantified(atom: string): string {
    const quantifier = /^(?:[?*+]|\{\d+(?:,\d*)?\})/.exec(this.pattern.slice(this.#at))?.[0] ?? '';
    this.#at += quantifier.length;
    if (quantifier === '') return atom;
    const mode = this.pattern[this.#at];
    if (mode === '?') {
      this.#at++;
      return `${atom}${quantifier}?`;
    }
    if (mode !== '+') return atom + quantifier;
    this.#at++;
    return this.#atomic(atom + quantifier);
  }

  /** No engine of JavaScript has possessive matching; a lookahead never gives back what it matched. */
  #atomic(body: string): string {
    const name = `p${this.#numNamed++}`;
    return `(?:(?=(?<${name}>${body}))\\k<${name}>)`;
  }

  #atom(ignoreCase: boolean): string {
    const char = String.fromCodePoint(this.pattern.codePointAt(this.#at)!);
    if (char === '(') return this.#group(ignoreCase);
    if (char === '[') return this.#characterClass(ignoreCase);
    if (char === '\\') return this.#escape(false);
    this.#at += char.length;
    if (ignoreCase && /\p{L}/u.test(char)) return `[${bothCases(char)}]`;
    return /[/{}\]]/.test(char) ? `\\${char}` : char;
  }

  #group(ignoreCase: boolean): string {
    const open = /^\((?:\?(?:i:|:|=|!|<=|<!|>))?/.exec(this.pattern.slice(this.#at))![0];
    this.#at += open.length;
    const body = this.#alternatives(ignoreCase || open === '(?i:');
    if (this.pattern[this.#at] !== ')') throw new SyntaxError('missing )');
    this.#at++;
    if (open === '(?>') return this.#atomic(body);
    return `${open === '(' || open === '(?i:' ? '(?:' : open}${body})`;
  }

  #characterClass(ignoreCase: boolean): string {
    let out = '[';
    this.#at++;
    if (this.pattern[this.#at] === '^') {
      out += '^';
      this.#at++;
    }
    while (this.pattern[this.#at] !== ']') {
      if (this.#at >= this.pattern.length) throw new SyntaxError('missing ]');
      if (this.pattern[this.#at] === '\\') {
        out += this.#escape(true);
        continue;
      }
      const char = String.fromCodePoint(this.pattern.codePointAt(this.#at)!);
      this.#at += char.length;
      out += ignoreCase && /\p{L}/u.test(char) ? bothCases(char) : char.replace(/[[(){}/|]/, '\\$&');
    }
    this.#at++;
    return `${out}]`;
  }

  #escape(inClass: boolean): string {
    const escape = /^\\(?:[pP]\{[^}]*\}|[pP]\w|x\{[0-9a-fA-F]+\}|u\{[0-9a-fA-F]+\}|[\s\S])/u.exec(
      this.pattern.slice(this.#at),
    )?.[0];
    if (escape === undefined) throw new SyntaxError('pattern ends in a backslash');
    this.#at += escape.length;
    switch (escape) {
      case '\\s':
        return '\\p{White_Space}';
      case '\\S':
        return '\\P{White_Space}';
      case '\\d':
        return '\\p{Nd}';
      case '\\D':
        return '\\P{Nd}';
    }
    if (/^\\[pP]\w$/.test(escape)) return `\\${escape[1]}{${escape[2]}}`;
    if (escape.startsWith('\\x{')) return `\\u${escape.slice(2)}`;
    // With the u flag only syntax characters may be escaped.
    if (
      /^\\[^\w\s]$/.test(escape) &&
      !/^\\[\^$\\.*+?()[\]{}|/]$/.test(escape) &&
      !(inClass && escape === '\\-')
    )
      return escape[1]!;
    return escape;
  }
}

const bothCases = (char: string): string => {
  const cases = new Set([char.toLowerCase(), char.toUpperCase()]);
  if (cases.has('s')) cases.add('\u017f');
  if (cases.has('k')) cases.add('\u212a');
  return [...cases].join('');
};
