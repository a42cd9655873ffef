// Lark grammars as they come with freeform tools: read into a tree of rules. Only what says which texts match is kept;
// aliases and the modifiers of tree shaping mean nothing here. https://lark-parser.readthedocs.io/en/stable/grammar.html

import { unsupportedGrammar } from './errors.js';

export type LarkExpression =
  | { readonly type: 'text'; readonly text: string; readonly ignoresCase: boolean }
  | { readonly type: 'pattern'; readonly pattern: string; readonly flags: string }
  | { readonly type: 'range'; readonly first: string; readonly last: string }
  | { readonly type: 'name'; readonly name: string }
  | { readonly type: 'sequence'; readonly parts: readonly LarkExpression[] }
  | { readonly type: 'choice'; readonly options: readonly LarkExpression[] }
  | {
      readonly type: 'repeat';
      readonly part: LarkExpression;
      readonly least: number;
      readonly most: number | undefined;
    };

export interface LarkGrammar {
  readonly rules: ReadonlyMap<string, LarkExpression>;
  /** Terminals of Lark's own library, by the name they have here. */
  readonly imports: ReadonlyMap<string, string>;
}

const MAX_GRAMMAR_CHARS = 1 << 16;
const MAX_DEPTH = 48;

const TOKEN =
  /\s*(?:(?<comment>\/\/[^\n]*)|(?<text>"(?:[^"\\\n]|\\.)*"i?)|(?<pattern>\/(?!\/)(?:[^/\\\n]|\\.)+\/[imslux]*)|(?<name>[!?]?[A-Za-z_]\w*)|(?<number>\d+)|(?<sign>->|\.\.|[:|()[\]{}*+?~%,.]))/uy;

interface Token {
  readonly kind: 'text' | 'pattern' | 'name' | 'number' | 'sign';
  readonly text: string;
  readonly line: number;
}

export const parseLark = (definition: string): LarkGrammar => {
  if (definition.length > MAX_GRAMMAR_CHARS)
    throw unsupportedGrammar(
      `the grammar has ${definition.length} characters, more than ${MAX_GRAMMAR_CHARS}`,
    );
  return new LarkReader(tokensOf(definition)).read();
};

const tokensOf = (definition: string): Token[] => {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let line = 1;
  let at = 0;
  const end = definition.trimEnd().length;
  while (at < end) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(definition);
    if (match === null) {
      const rest = definition.slice(at).trimStart().slice(0, 20);
      throw unsupportedGrammar(
        `the grammar has ${JSON.stringify(rest)} in line ${line}, which cannot be read`,
      );
    }
    const text = match[0].trimStart();
    line += match[0].split('\n').length - 1;
    at += match[0].length;
    const kind = (['text', 'pattern', 'name', 'number', 'sign'] as const).find(
      (name) => match.groups?.[name] !== undefined,
    );
    if (kind !== undefined) tokens.push({ kind, text, line });
  }
  return tokens;
};

class LarkReader {
  readonly #tokens: readonly Token[];
  readonly #rules = new Map<string, LarkExpression>();
  readonly #imports = new Map<string, string>();
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  read(): LarkGrammar {
    while (this.#peek() !== undefined) {
      if (this.#take('%')) this.#readStatement();
      else this.#readRule();
    }
    return { rules: this.#rules, imports: this.#imports };
  }

  #peek(offset = 0): Token | undefined {
    return this.#tokens[this.#at + offset];
  }

  #take(sign: string): boolean {
    const token = this.#peek();
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.#at++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw this.#unreadable(`${sign} is missing`);
  }

  #readName(): string {
    const token = this.#peek();
    if (token?.kind !== 'name') throw this.#unreadable('a name is missing');
    this.#at++;
    return token.text.replace(/^[!?]/, '');
  }

  #readNumber(): number {
    const token = this.#peek();
    if (token?.kind !== 'number') throw this.#unreadable('a number is missing');
    this.#at++;
    return Number(token.text);
  }

  #readStatement(): void {
    const statement = this.#readName();
    if (statement !== 'import') throw unsupportedGrammar(`the Lark statement %${statement} is not supported`);
    const library = this.#readName();
    const names = this.#take('(') ? this.#readImportList() : [this.#readImported()];
    if (library !== 'common') throw unsupportedGrammar(`%import ${library} is not supported: only common is`);
    const [only] = names;
    const alias = names.length === 1 && this.#take('->') ? this.#readName() : undefined;
    for (const name of names) this.#imports.set(alias !== undefined && name === only ? alias : name, name);
  }

  #readImported(): string {
    this.#expect('.');
    return this.#readName();
  }

  #readImportList(): string[] {
    const names = [this.#readName()];
    while (this.#take(',')) names.push(this.#readName());
    this.#expect(')');
    return names;
  }

  #readRule(): void {
    const name = this.#readName();
    if (this.#take('{')) throw unsupportedGrammar(`the Lark template ${name} is not supported`);
    if (this.#take('.')) this.#readNumber(); // a priority: the same texts match
    this.#expect(':');
    if (this.#rules.has(name)) throw unsupportedGrammar(`the Lark rule ${name} is defined twice`);
    this.#rules.set(name, this.#readChoice());
  }

  #readChoice(): LarkExpression {
    if (++this.#depth > MAX_DEPTH) throw unsupportedGrammar('Lark expressions are nested too deeply');
    const options = [this.#readAliased()];
    while (this.#take('|')) options.push(this.#readAliased());
    this.#depth--;
    return options.length === 1 ? options[0]! : { type: 'choice', options };
  }

  #readAliased(): LarkExpression {
    const parts: LarkExpression[] = [];
    while (this.#beginsPart()) parts.push(this.#readRepeated());
    if (this.#take('->')) this.#readName();
    return parts.length === 1 ? parts[0]! : { type: 'sequence', parts };
  }

  #beginsPart(): boolean {
    const token = this.#peek();
    if (token === undefined) return false;
    if (token.kind === 'sign') return token.text === '(' || token.text === '[';
    // A name before a colon (or a priority and a colon) begins the next rule.
    const next = this.#peek(1)?.text;
    return !(
      token.kind === 'name' &&
      (next === ':' || next === '{' || (next === '.' && this.#peek(3)?.text === ':'))
    );
  }

  #readRepeated(): LarkExpression {
    const part = this.#readOne();
    if (this.#take('*')) return { type: 'repeat', part, least: 0, most: undefined };
    if (this.#take('+')) return { type: 'repeat', part, least: 1, most: undefined };
    if (this.#take('?')) return { type: 'repeat', part, least: 0, most: 1 };
    if (!this.#take('~')) return part;
    const least = this.#readNumber();
    return { type: 'repeat', part, least, most: this.#take('..') ? this.#readNumber() : least };
  }

  #readOne(): LarkExpression {
    if (this.#take('(')) {
      const inner = this.#readChoice();
      this.#expect(')');
      return inner;
    }
    if (this.#take('[')) {
      const inner = this.#readChoice();
      this.#expect(']');
      return { type: 'repeat', part: inner, least: 0, most: 1 };
    }
    const { kind, text } = this.#peek()!;
    if (kind === 'text') return this.#readText();
    if (kind === 'pattern') {
      this.#at++;
      const end = text.lastIndexOf('/');
      return {
        type: 'pattern',
        pattern: text.slice(1, end).replace(/\\\//g, '/'),
        flags: text.slice(end + 1),
      };
    }
    return { type: 'name', name: this.#readName() };
  }

  #readText(): LarkExpression {
    const text = this.#readString();
    if (!this.#take('..')) return { type: 'text', ...text };
    if (this.#peek()?.kind !== 'text') throw this.#unreadable('the end of a range is missing');
    return { type: 'range', first: text.text, last: this.#readString().text };
  }

  #readString(): { readonly text: string; readonly ignoresCase: boolean } {
    const { text } = this.#tokens[this.#at++]!;
    const ignoresCase = text.endsWith('i');
    const quoted = ignoresCase ? text.slice(0, -1) : text;
    return {
      text: quoted.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)/gu, unescape),
      ignoresCase,
    };
  }

  #unreadable(problem: string): Error {
    const { text, line } = this.#peek() ?? { text: 'its end', line: this.#tokens.at(-1)?.line ?? 1 };
    return unsupportedGrammar(
      `the grammar cannot be read at ${text.slice(0, 20)} in line ${line} (${problem})`,
    );
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v' };

const unescape = (_: string, escape: string): string =>
  escape.length > 1 && /^[xu]/.test(escape)
    ? String.fromCodePoint(parseInt(escape.slice(1), 16))
    : (ESCAPES[escape] ?? escape);
