// Texts against a grammar, by the matcher that holds the model to it, over a vocabulary of single bytes.

import { createMatcherFactory, type Matcher } from '../../src/actors/constraints/matcher.js';
import { createGrammarStates, type GrammarState, LOST } from '../../src/grammar/grammar-states.js';
import { leftOutOf, readEbnf } from '../../src/grammar/read-ebnf.js';

/** Emoji begin with these two, of which the first alone is no token that a matcher allows. */
const EMOJI = 256;
const END = 257;
const VOCAB_SIZE = 259;
const factory = createMatcherFactory({
  bytes: Uint8Array.from([...Array.from({ length: 256 }, (_, byte) => byte), 0xf0, 0x9f]),
  offsets: Uint32Array.from([...Array.from({ length: 257 }, (_, id) => id), 258]),
  vocabSize: VOCAB_SIZE,
  ends: [END],
});

const allowed = (mask: Uint32Array): number[] =>
  Array.from({ length: VOCAB_SIZE }, (_, id) => id).filter((id) => (mask[id >> 5]! >>> (id & 31)) & 1);

const tokensOf = (text: string): number[] => {
  const bytes = [...Buffer.from(text)];
  return bytes.flatMap((byte, at) => {
    if (byte === 0x9f && bytes[at - 1] === 0xf0) return [];
    return byte === 0xf0 && bytes[at + 1] === 0x9f ? [EMOJI] : [byte];
  });
};

/** The whole text is one that the grammar has. Its states have to agree, where they can say; they alone know all sets. */
export const matches = async (grammar: string, text: string): Promise<boolean> => {
  const isMatch = await matcherMatches(grammar, text);
  const rules = readEbnf(grammar);
  const end = follow(createGrammarStates(rules, 'root').start, [...Buffer.from(text)]);
  if (end === LOST) return isMatch;
  const isText = end?.isComplete === true;
  if (isMatch !== isText && (isText || leftOutOf(rules).length === 0))
    throw new Error(`the states and the matcher do not agree on ${text}`);
  return isText;
};

const follow = (from: GrammarState, bytes: readonly number[]): GrammarState | null =>
  bytes.reduce<GrammarState | null>((state, byte) => state?.after(byte) ?? null, from);

const bytesOf = (id: number): readonly number[] => (id === EMOJI ? [0xf0, 0x9f] : [id]);

const matcherMatches = async (grammar: string, text: string): Promise<boolean> => {
  const matcher = await (await factory).create(grammar, END);
  try {
    for (const token of tokensOf(text)) {
      if (!allowed(await matcher.mask()).includes(token) || !matcher.accept(token)) return false;
    }
    return allowed(await matcher.mask()).includes(END);
  } finally {
    matcher.close();
  }
};

interface DrawnStep {
  /** What was drawn last; empty at the beginning. */
  readonly bytes: readonly number[];
  /** What may come next, as a text. */
  readonly allowed: string;
  readonly isEnd: boolean;
}

/** A text drawn byte by byte from all that may come next, until it ends or has `maxBytes`. */
export async function* drawSteps(
  grammar: string,
  random: () => number,
  maxBytes: number,
): AsyncGenerator<DrawnStep> {
  const matcher: Matcher = await (await factory).create(grammar, END);
  let bytes: readonly number[] = [];
  let { start: state } = createGrammarStates(readEbnf(grammar), 'root');
  try {
    for (let numBytes = 0; numBytes < maxBytes; numBytes += bytes.length) {
      const ids = allowed(await matcher.mask()).filter(
        (id) => id === END || follow(state, bytesOf(id)) !== null,
      );
      yield { bytes, allowed: ids.join(), isEnd: false };
      // An end that is in sight is taken often, so that nested values come to one.
      const closing = ids.filter((id) => id === END || '"]}'.includes(String.fromCharCode(id)));
      const from = closing.length > 0 && random() < 0.3 ? closing : ids;
      const id = from[Math.floor(random() * from.length)]!;
      if (!matcher.accept(id)) throw new Error(`the mask allows ${id} and the matcher does not`);
      if (id === END) {
        yield { bytes: [], allowed: '', isEnd: true };
        return;
      }
      bytes = bytesOf(id);
      state = follow(state, bytes)!;
    }
  } finally {
    matcher.close();
  }
}

/** A whole text; null if it has not ended within `maxBytes`. */
export const draw = async (
  grammar: string,
  random: () => number,
  maxBytes = 2000,
): Promise<string | null> => {
  const drawn: number[] = [];
  for await (const { bytes, isEnd } of drawSteps(grammar, random, maxBytes)) {
    if (isEnd) return Buffer.from(drawn).toString();
    drawn.push(...bytes);
  }
  return null;
};

/** mulberry32: the same numbers for the same seed. */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};
