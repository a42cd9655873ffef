// Where in a grammar a text is: two texts in the same state go on in the same ways. This is what allows remembering what
// may come next, because most tokens of a string or of a patch leave the state as it is.
//
// A state is the set of all that may still follow, each as a stack of what is to be matched. Stacks and states are kept
// once, so the same ones are the same objects, and each step is worked out once.

import type { EbnfNode, EbnfRules } from './read-ebnf.js';

export interface GrammarState {
  /** Behind `byte`; null: the text is none of the grammar's. */
  after(byte: number): GrammarState | null;
  /** How many bytes may come next, at most. */
  readonly numBytes: number;
  /** The text may end here. */
  readonly isComplete: boolean;
}

/** There is too much that could follow to say where the text is. */
export const LOST: GrammarState = { after: () => LOST, numBytes: 256, isComplete: false };

/** What is still to be matched: `node`, then `next`; null: nothing. */
interface Stack {
  readonly node: Node;
  readonly next: Stack | null;
  /** Of the stacks that begin with another node and go on with this one. */
  readonly above: Map<Node, Stack>;
}

type Node =
  | EbnfNode
  /** The last bytes of a character, of which the first has been matched. */
  | {
      readonly type: 'continuation';
      readonly numBytes: number;
      /** But not these. */
      readonly without: Characters;
    };

/** As UTF-8, from some byte on. */
type Characters = ReadonlyArray<readonly number[]>;

/** More possibilities than this are not followed: a grammar that says little in many ways. */
const MAX_POSSIBILITIES = 256;
/** Forgotten together when there are more: states hold memory, and few are in use. */
const MAX_STATES = 2048;

export const createGrammarStates = (rules: EbnfRules, root: string): { readonly start: GrammarState } => {
  const bottoms = new Map<Node, Stack>();
  const ids = new Map<Stack | null, number>();
  const states = new Map<string, GrammarState>();
  const derived = new Map<Node, Map<string, Node>>();
  const possible = new Map<Node, PossibleBytes>();

  const push = (node: Node, next: Stack | null): Stack => {
    const siblings = next === null ? bottoms : next.above;
    const known = siblings.get(node);
    if (known !== undefined) return known;
    const stack: Stack = { node, next, above: new Map() };
    siblings.set(node, stack);
    return stack;
  };

  /** A node that is made from another one, the same for the same name. */
  const derive = (node: Node, name: string, make: () => Node): Node => {
    let known = derived.get(node);
    if (known === undefined) derived.set(node, (known = new Map()));
    const made = known.get(name) ?? make();
    known.set(name, made);
    return made;
  };

  const continuation = (node: Node, numBytes: number, without: Characters): Node =>
    derive(node, `${numBytes} but ${without.join(' ')}`, () => ({ type: 'continuation', numBytes, without }));

  const pushAll = (parts: readonly Node[], next: Stack | null): Stack | null =>
    parts.reduceRight<Stack | null>((rest, part) => push(part, rest), next);

  /** Adds the stacks that begin with a byte, which `stack` comes to; false if there are too many. */
  const unfold = (stack: Stack | null, seen: Set<Stack | null>, leaves: Set<Stack | null>): boolean => {
    if (seen.has(stack)) return true;
    seen.add(stack);
    if (seen.size > MAX_POSSIBILITIES) return false;
    if (stack === null) {
      leaves.add(null);
      return true;
    }
    const { node, next } = stack;
    switch (node.type) {
      case 'bytes':
        if (node.bytes.length === 0) return unfold(next, seen, leaves);
        leaves.add(stack);
        return true;
      case 'set':
      case 'continuation':
        leaves.add(stack);
        return true;
      case 'sequence':
        return unfold(pushAll(node.parts, next), seen, leaves);
      case 'choice':
        return node.options.every((option) => unfold(push(option, next), seen, leaves));
      case 'rule':
        return unfold(push(rules.get(node.name)!, next), seen, leaves);
      case 'repeat': {
        const { part, least, most } = node;
        if (least === 0 && !unfold(next, seen, leaves)) return false;
        if (most === 0) return true;
        const again = derive(node, 'again', () =>
          least === 0 && most === Infinity
            ? node
            : { type: 'repeat', part, least: Math.max(0, least - 1), most: most - 1 },
        );
        return unfold(push(part, push(again, next)), seen, leaves);
      }
    }
  };

  /** What is left of a stack behind a byte; undefined if it does not go on with it. */
  const step = (stack: Stack, byte: number): Stack | null | undefined => {
    const { node, next } = stack;
    switch (node.type) {
      case 'bytes': {
        if (node.bytes[0] !== byte) return undefined;
        if (node.bytes.length === 1) return next;
        return push(
          derive(node, 'rest', () => ({ type: 'bytes', bytes: node.bytes.slice(1) })),
          next,
        );
      }
      case 'set': {
        if (byte < 0x80) return node.ascii[byte]! ? next : undefined;
        const numBytes = numContinuationBytes(byte);
        if (!node.hasBeyond || numBytes === 0) return undefined;
        return push(continuation(node, numBytes, behind(byte, node.without)), next);
      }
      case 'continuation': {
        if ((byte & 0xc0) !== 0x80) return undefined;
        const numBytes = node.numBytes - 1;
        const without = behind(byte, node.without);
        if (numBytes === 0) return without.length === 0 ? next : undefined;
        return push(continuation(node, numBytes, without), next);
      }
      default:
        return undefined;
    }
  };

  const idOf = (stack: Stack | null): number => {
    const id = ids.get(stack) ?? ids.size;
    ids.set(stack, id);
    return id;
  };

  const stateOf = (stacks: Iterable<Stack | null>): GrammarState => {
    const leaves = new Set<Stack | null>();
    const seen = new Set<Stack | null>();
    for (const stack of stacks) if (!unfold(stack, seen, leaves)) return LOST;
    const key = keyOf(leaves);
    const known = states.get(key);
    if (known !== undefined) return known;
    const hasRoom = states.size < MAX_STATES;
    if (!hasRoom) forget();
    const state = createState(leaves);
    states.set(hasRoom ? key : keyOf(leaves), state);
    return state;
  };

  const keyOf = (leaves: ReadonlySet<Stack | null>): string => {
    const [first] = leaves;
    if (leaves.size === 1) return String(idOf(first!));
    return Array.from(leaves, idOf)
      .sort((a, b) => a - b)
      .join();
  };

  const bytesOf = (node: Node): PossibleBytes => {
    const known = possible.get(node) ?? firstBytes(node);
    possible.set(node, known);
    return known;
  };

  const createState = (stacks: ReadonlySet<Stack | null>): GrammarState => {
    const leaves = [...stacks].filter((stack) => stack !== null);
    const { mayCome, numBytes } = allOf(leaves.map(({ node }) => bytesOf(node)));
    const following = new Map<number, GrammarState | null>();
    return {
      isComplete: stacks.has(null),
      numBytes,
      after: (byte) => {
        if (((mayCome[byte >> 5]! >>> (byte & 31)) & 1) === 0) return null;
        const known = following.get(byte);
        if (known !== undefined) return known;
        const rests = leaves.map((stack) => step(stack, byte)).filter((rest) => rest !== undefined);
        const state = rests.length === 0 ? null : stateOf(rests);
        following.set(byte, state);
        return state;
      },
    };
  };

  /** What is still held by a state in use goes on, apart from what is found from now on. */
  const forget = (): void => {
    states.clear();
    ids.clear();
    bottoms.clear();
    derived.clear();
    possible.clear();
  };

  return { start: stateOf([push(rules.get(root)!, null)]) };
};

interface PossibleBytes {
  /** (8): bit b % 32 of word b / 32. */
  readonly mayCome: Uint32Array;
  readonly numBytes: number;
}

/** What `node` may begin with. */
const firstBytes = (node: Node): PossibleBytes => {
  const mayCome = new Uint32Array(8);
  const add = (first: number, last: number): void => {
    for (let byte = first; byte <= last; byte++) mayCome[byte >> 5]! |= 1 << (byte & 31);
  };
  switch (node.type) {
    case 'bytes':
      add(node.bytes[0]!, node.bytes[0]!);
      break;
    case 'set':
      node.ascii.forEach((isIn, byte) => isIn && add(byte, byte));
      if (node.hasBeyond) add(0xc2, 0xf4);
      break;
    case 'continuation':
      add(0x80, 0xbf);
      break;
    default:
      break;
  }
  return counted(mayCome);
};

const allOf = (parts: readonly PossibleBytes[]): PossibleBytes => {
  if (parts.length === 1) return parts[0]!;
  const mayCome = new Uint32Array(8);
  for (const part of parts) for (let word = 0; word < 8; word++) mayCome[word]! |= part.mayCome[word]!;
  return counted(mayCome);
};

const counted = (mayCome: Uint32Array): PossibleBytes => {
  let numBytes = 0;
  for (let word of mayCome) for (; word !== 0; word = (word & (word - 1)) >>> 0) numBytes++;
  return { mayCome, numBytes };
};

/** What is left, behind this byte, of the ones that begin with it. */
const behind = (byte: number, characters: Characters): Characters =>
  characters.filter(([first]) => first === byte).map((bytes) => bytes.slice(1));

/** Of the character that begins with this byte; 0: none does. */
const numContinuationBytes = (lead: number): number =>
  lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
