// Keys of an object that are none of those its schema names: a second value under a known key would count as that key's.

import {
  choice,
  type CodePointRange,
  complementOf,
  type Ebnf,
  EMPTY,
  literal,
  oneOf,
  repeat,
  sequence,
} from './ebnf.js';

interface Node {
  isKey: boolean;
  readonly children: Map<string, Node>;
}

const NEEDS_ESCAPE = [
  [0x00, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
] as const;

/** A JSON string other than `keys`, without escapes: those could spell one of them. */
export const otherKey = (keys: readonly string[]): Ebnf => {
  const root: Node = { isKey: false, children: new Map() };
  for (const key of keys) {
    let node = root;
    for (const character of key) {
      const next = node.children.get(character) ?? { isKey: false, children: new Map<string, Node>() };
      node.children.set(character, next);
      node = next;
    }
    node.isKey = true;
  }
  return sequence(literal('"'), restOf(root), literal('"'));
};

const anyCharacter = oneOf(complementOf(NEEDS_ESCAPE));
const anyRest = repeat(anyCharacter, 0, undefined);

const restOf = ({ isKey, children }: Node): Ebnf => {
  const taken = [...children.keys()].map((character) => {
    const codePoint = character.codePointAt(0)!;
    return [codePoint, codePoint] as const;
  });
  // A key with letters beyond ASCII leaves the others to ASCII there: see `oneOf`.
  const beyond: readonly CodePointRange[] = taken.some(([codePoint]) => codePoint > 0x7f)
    ? [[0x80, 0x10ffff]]
    : [];
  const left = sequence(oneOf(complementOf([...NEEDS_ESCAPE, ...taken, ...beyond])), anyRest);
  const begun = [...children]
    .filter(([character]) => !/["\\\x00-\x1f]/.test(character)) // written with an escape, which no other key has
    .map(([character, child]) => sequence(literal(character), restOf(child)));
  return choice(...(isKey ? [] : [EMPTY]), left, ...begun);
};
