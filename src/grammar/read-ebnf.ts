// Reads back what ebnf.ts writes, and only that: a grammar as a tree over bytes.

import { CodexpcError } from '../errors.js';

export type EbnfNode =
  | { readonly type: 'bytes'; readonly bytes: readonly number[] }
  | {
      readonly type: 'set';
      /** (128): which ASCII characters. */
      readonly ascii: readonly boolean[];
      /** All other characters, */
      readonly hasBeyond: boolean;
      /** but these, as UTF-8. */
      readonly without: ReadonlyArray<readonly number[]>;
    }
  | { readonly type: 'sequence'; readonly parts: readonly EbnfNode[] }
  | { readonly type: 'choice'; readonly options: readonly EbnfNode[] }
  | { readonly type: 'repeat'; readonly part: EbnfNode; readonly least: number; readonly most: number }
  | { readonly type: 'rule'; readonly name: string };

export type EbnfRules = ReadonlyMap<string, EbnfNode>;

const RULE = /^(\w+) ::= (.*)$/;
const NUM_ASCII = 0x80;

/** The same text is the same object, so that what follows in one place can be seen to follow in another. */
export const readEbnf = (grammar: string): EbnfRules => {
  const nodes = new Map<string, EbnfNode>();
  const rules = new Map(
    grammar
      .trimEnd()
      .split('\n')
      .map((line) => {
        const [, name, body] = RULE.exec(line) ?? [];
        if (name === undefined || body === undefined) throw unreadable(line);
        return [name, new EbnfReader(body, nodes).readAll()];
      }),
  );
  for (const node of nodes.values())
    if (node.type === 'rule' && !rules.has(node.name)) throw unreadable(node.name);
  return rules;
};

/** Characters that some set has not, as UTF-8, and has others beyond ASCII. */
export const leftOutOf = (rules: EbnfRules): ReadonlyArray<readonly number[]> => {
  const found = new Map<string, readonly number[]>();
  const visit = (node: EbnfNode): void => {
    switch (node.type) {
      case 'set':
        for (const bytes of node.without) found.set(bytes.join(), bytes);
        break;
      case 'sequence':
        node.parts.forEach(visit);
        break;
      case 'choice':
        node.options.forEach(visit);
        break;
      case 'repeat':
        visit(node.part);
        break;
      case 'bytes':
      case 'rule':
        break;
    }
  };
  for (const node of rules.values()) visit(node);
  return [...found.values()];
};

class EbnfReader {
  #at = 0;

  constructor(
    readonly text: string,
    readonly nodes: Map<string, EbnfNode>,
  ) {}

  readAll(): EbnfNode {
    const node = this.#readChoice();
    if (this.#at < this.text.length) throw unreadable(this.text.slice(this.#at));
    return node;
  }

  #readChoice(): EbnfNode {
    const start = this.#at;
    const options = [this.#readSequence()];
    while (this.#take(/ \| /y) !== undefined) options.push(this.#readSequence());
    return this.#once(start, options.length === 1 ? options[0]! : { type: 'choice', options });
  }

  #readSequence(): EbnfNode {
    const start = this.#at;
    const parts = [this.#readRepeat()];
    while (this.#take(/ (?!\|)/y) !== undefined) parts.push(this.#readRepeat());
    return this.#once(start, parts.length === 1 ? parts[0]! : { type: 'sequence', parts });
  }

  #readRepeat(): EbnfNode {
    const start = this.#at;
    const part = this.#once(start, this.#readPart());
    const sign = this.#take(/[*+]/y);
    if (sign !== undefined)
      return this.#once(start, { type: 'repeat', part, least: sign[0] === '+' ? 1 : 0, most: Infinity });
    const bounds = this.#take(/\{(\d+),(\d*)\}/y);
    if (bounds === undefined) return part;
    const most = bounds[2] === '' ? Infinity : Number(bounds[2]);
    return this.#once(start, { type: 'repeat', part, least: Number(bounds[1]), most });
  }

  #readPart(): EbnfNode {
    if (this.#take(/\(/y) !== undefined) {
      const inner = this.#readChoice();
      if (this.#take(/\)/y) === undefined) throw unreadable(this.text.slice(this.#at));
      return inner;
    }
    const text = this.#take(/"((?:[^"\\]|\\.)*)"/y)?.[1];
    if (text !== undefined) return { type: 'bytes', bytes: [...new TextEncoder().encode(unescaped(text))] };
    const set = this.#take(/\[(\^?)((?:\\U[0-9a-f]{8}-?)+)\]/y);
    if (set !== undefined) return setOf(set[2]!, set[1] === '^');
    const name = this.#take(/\w+/y)?.[0];
    if (name === undefined) throw unreadable(this.text.slice(this.#at));
    return { type: 'rule', name };
  }

  #once(start: number, node: EbnfNode): EbnfNode {
    const text = this.text.slice(start, this.#at);
    const known = this.nodes.get(text);
    if (known === undefined) this.nodes.set(text, node);
    return known ?? node;
  }

  #take(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at;
    const found = sticky.exec(this.text);
    if (found === null) return undefined;
    this.#at = sticky.lastIndex;
    return found;
  }
}

/** Sets of ebnf.ts have all characters beyond ASCII but those they leave out, or none. */
const setOf = (members: string, isNegated: boolean): EbnfNode => {
  const ascii = new Array<boolean>(NUM_ASCII).fill(isNegated);
  const without: number[][] = [];
  for (const [, first, last] of members.matchAll(/\\U([0-9a-f]{8})(?:-\\U([0-9a-f]{8}))?/g)) {
    const from = parseInt(first!, 16);
    const to = last === undefined ? from : parseInt(last, 16);
    if (to >= NUM_ASCII && !isNegated) throw unreadable(members);
    ascii.fill(!isNegated, from, Math.min(to, NUM_ASCII - 1) + 1);
    for (let codePoint = Math.max(from, NUM_ASCII); codePoint <= to; codePoint++)
      without.push([...new TextEncoder().encode(String.fromCodePoint(codePoint))]);
  }
  return { type: 'set', ascii, hasBeyond: isNegated, without };
};

const CONTROLS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

const unescaped = (text: string): string =>
  text.replace(/\\(?:U([0-9a-f]{8})|(.))/g, (_, codePoint: string | undefined, character: string) =>
    codePoint === undefined
      ? (CONTROLS[character] ?? character)
      : String.fromCodePoint(parseInt(codePoint, 16)),
  );

const unreadable = (text: string): CodexpcError =>
  new CodexpcError({
    code: 'invariant_violated',
    message: `Our own grammar cannot be read back at ${JSON.stringify(text.slice(0, 60))}. Please report this.`,
  });
