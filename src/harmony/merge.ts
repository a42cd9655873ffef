// Byte-pair merging of one piece: again and again the adjacent pair with the lowest rank, the
// leftmost of equals. Short pieces scan for it; long ones (hostile or merely unbroken text) keep
// the pairs in a queue, so that time grows as n log n and never as n². Outside ASCII, characters that
// are tokens are merged as units where that provably gives the same: see `takeCharacters`.

import { createBoundaryCheck, widthOf } from './character-boundaries.js';
import { MergeQueue } from './merge-queue.js';
import { HASH_FACTOR, NO_RANK, type RankTable, type TokenBytes } from './rank-table.js';

/** Above this many bytes the queue is faster than scanning (measured on a 2.7 GHz Xeon). */
const SCAN_LIMIT = 96;
/**
 * Work on a long piece is done by functions that take this many units at a time. V8 compiles what is called often much
 * sooner than a loop that is still in its first call, and the first hostile text is usually the only one.
 */
const STRIDE = 256;
/** Scratch for pieces up to this size is kept between calls. */
const KEPT_CAPACITY = 1 << 16;
/** Pairs whose merged rank is remembered, by slot: the same few pairs make up most of any text. */
const PAIR_SLOTS_LOG2 = 13;
/** Characters remembered; more than a text of any language has. */
const MAX_CHARACTERS = 1 << 14;
/** Appends the ranks of bytes[from, to) to `out`. */
export type MergePiece = (bytes: Uint8Array, from: number, to: number, out: number[]) => void;

/** What the bytes of one character merge to by themselves. */
interface Character {
  /** NO_RANK if it is no token. */
  readonly id: number;
  /** Highest rank among its merges. */
  readonly floor: number;
}

/** The piece as parts, each known by the index of its first unit (a byte, or a whole character). */
interface Parts {
  readonly capacity: number;
  readonly hashes: Int32Array; // (capacity + 1): hash of the piece's first i bytes
  readonly starts: Int32Array; // (capacity + 1): byte at which unit i begins
  readonly floors: Int32Array; // (capacity): highest rank merged within the characters of the part at i
  readonly next: Int32Array; // (capacity + 1): first unit of the part after the one at i
  readonly previous: Int32Array; // (capacity)
  readonly ids: Int32Array; // (capacity): the part at i as a token
  readonly ranks: Int32Array; // (capacity): rank of the part at i merged with the next
}

const createParts = (capacity: number): Parts => ({
  capacity,
  hashes: new Int32Array(capacity + 1),
  starts: new Int32Array(capacity + 1),
  floors: new Int32Array(capacity),
  next: new Int32Array(capacity + 1),
  previous: new Int32Array(capacity),
  ids: new Int32Array(capacity),
  ranks: new Int32Array(capacity),
});

export const createMergePiece = (tokens: TokenBytes, table: RankTable): MergePiece => {
  const { rankOf, longestToken, byteRanks } = table;
  const pairs = new Int32Array(3 << PAIR_SLOTS_LOG2).fill(-1); // (2 ** PAIR_SLOTS_LOG2, 3): left id, right id, rank of both as one
  const powers = new Int32Array(longestToken + 1); // HASH_FACTOR ** i
  powers[0] = 1;
  for (let i = 1; i <= longestToken; i++) powers[i] = Math.imul(powers[i - 1]!, HASH_FACTOR);
  const isCleanBoundary = createBoundaryCheck(tokens);
  const characters = new Map<number, Character>(); // by the bytes as one number
  const alone = createParts(4);
  let kept = createParts(256);
  /** A pair of characters ranks below one of its characters: they cannot be taken as units. */
  let isOutOfOrder = false;
  let highestMerged = NO_RANK;

  const partsFor = (length: number): Parts => {
    if (length <= kept.capacity) return kept;
    const parts = createParts(2 ** Math.ceil(Math.log2(length)));
    if (parts.capacity <= KEPT_CAPACITY) kept = parts;
    return parts;
  };

  /** Rank of the part at `at` joined with the next one. */
  const pairRank = (parts: Parts, at: number, bytes: Uint8Array, from: number, numUnits: number): number => {
    const { next, ids, floors } = parts;
    const other = next[at]!;
    if (other >= numUnits) return NO_RANK;
    const left = ids[at]!;
    const right = ids[other]!;
    const slot =
      3 * ((Math.imul(left, 0x9e3779b1) + Math.imul(right, 0x85ebca6b)) >>> (32 - PAIR_SLOTS_LOG2));
    let rank: number;
    if (pairs[slot] === left && pairs[slot + 1] === right) {
      rank = pairs[slot + 2]!;
    } else {
      rank = sliceRank(parts, at, next[other]!, bytes, from);
      pairs[slot] = left;
      pairs[slot + 1] = right;
      pairs[slot + 2] = rank;
    }
    if (rank <= floors[at]! || rank <= floors[other]!) isOutOfOrder = true;
    return rank;
  };

  const sliceRank = (
    { starts, hashes }: Parts,
    unit: number,
    endUnit: number,
    bytes: Uint8Array,
    from: number,
  ): number => {
    const start = starts[unit]!;
    const end = starts[endUnit]!;
    const size = end - start;
    if (size > longestToken) return NO_RANK;
    const hash = (hashes[end]! - Math.imul(hashes[start]!, powers[size]!)) | 0;
    return rankOf(bytes, from + start, from + end, hash);
  };

  /** Joins the part at `at` with the one after it. */
  const join = (parts: Parts, at: number, bytes: Uint8Array, from: number, numUnits: number): void => {
    const { next, previous, ids, ranks, floors } = parts;
    const absorbed = next[at]!;
    const after = next[absorbed]!;
    next[at] = after;
    ids[at] = ranks[at]!;
    if (ids[at]! > highestMerged) highestMerged = ids[at]!;
    if (floors[absorbed]! > floors[at]!) floors[at] = floors[absorbed]!;
    if (after < numUnits) previous[after] = at;
    ranks[absorbed] = NO_RANK;
    ranks[at] = pairRank(parts, at, bytes, from, numUnits);
    const before = previous[at]!;
    if (before >= 0) ranks[before] = pairRank(parts, before, bytes, from, numUnits);
  };

  const mergeByScan = (parts: Parts, bytes: Uint8Array, from: number, length: number): void => {
    const { ranks } = parts;
    for (;;) {
      let lowest = NO_RANK;
      let lowestAt = 0;
      // Over joined parts as well, which have no rank: faster than following `next`.
      for (let at = 0; at < length; at++) {
        const rank = ranks[at]!;
        if (rank < lowest) {
          lowest = rank;
          lowestAt = at;
        }
      }
      if (lowest === NO_RANK) return;
      join(parts, lowestAt, bytes, from, length);
    }
  };

  /** A pair in the queue is stale when `ranks` at its position says otherwise. */
  const mergeByQueue = (parts: Parts, bytes: Uint8Array, from: number, length: number): void => {
    const queue = new MergeQueue();
    for (let at = 0; at < length; at += STRIDE)
      addFirstPairs(parts, queue, at, Math.min(at + STRIDE, length));
    while (mergeSome(parts, queue, bytes, from, length));
  };

  /** Up to STRIDE pairs; false when none is left. */
  const mergeSome = (
    parts: Parts,
    queue: MergeQueue,
    bytes: Uint8Array,
    from: number,
    length: number,
  ): boolean => {
    const { previous, ranks } = parts;
    for (let i = 0; i < STRIDE; i++) {
      if (!queue.take()) return false;
      const { at } = queue;
      if (ranks[at] !== queue.rank) continue;
      join(parts, at, bytes, from, length);
      const before = previous[at]!;
      if (before >= 0 && ranks[before] !== NO_RANK) queue.add(ranks[before]!, before);
      if (ranks[at] !== NO_RANK) queue.add(ranks[at]!, at);
    }
    return true;
  };

  const mergeUnits = (parts: Parts, bytes: Uint8Array, from: number, numUnits: number): void => {
    for (let at = 0; at < numUnits; at += STRIDE) linkUnits(parts, at, Math.min(at + STRIDE, numUnits));
    parts.next[numUnits] = numUnits; // so that the last pair's end can be read
    for (let at = 0; at < numUnits; at += STRIDE)
      rankUnits(parts, at, Math.min(at + STRIDE, numUnits), bytes, from, numUnits);
    if (numUnits <= SCAN_LIMIT) mergeByScan(parts, bytes, from, numUnits);
    else mergeByQueue(parts, bytes, from, numUnits);
  };

  const rankUnits = (
    parts: Parts,
    first: number,
    end: number,
    bytes: Uint8Array,
    from: number,
    numUnits: number,
  ): void => {
    for (let i = first; i < end; i++) parts.ranks[i] = pairRank(parts, i, bytes, from, numUnits);
  };

  const takeBytes = (parts: Parts, bytes: Uint8Array, from: number, length: number): number => {
    for (let at = 0; at < length; at += STRIDE)
      takeSomeBytes(parts, bytes, from, at, Math.min(at + STRIDE, length));
    parts.starts[length] = length;
    return length;
  };

  const takeSomeBytes = (
    { starts, ids, floors }: Parts,
    bytes: Uint8Array,
    from: number,
    first: number,
    end: number,
  ): void => {
    for (let i = first; i < end; i++) {
      starts[i] = i;
      ids[i] = byteRanks[bytes[from + i]!]!;
      floors[i] = -1;
    }
  };

  /**
   * Whole characters as units, if all are tokens; else 0. The result is that of merging bytes, because
   * 1. no token crosses from a part of one character into another (`isCleanBoundary`), so what is merged
   *    is either within a character or of whole characters, and
   * 2. every pair of whole characters ranks above all merges within them (else `isOutOfOrder`), so the
   *    merges within would come first.
   */
  const takeCharacters = (
    { starts, ids, floors }: Parts,
    bytes: Uint8Array,
    from: number,
    length: number,
  ): number => {
    let numUnits = 0;
    for (let at = 0; at < length; numUnits++) {
      if (at > 0 && !isCleanBoundary(bytes, from + at, from, from + length)) return 0;
      const width = widthOf(bytes[from + at]!);
      let key = 0;
      for (let i = 0; i < width; i++) key = (key << 8) | bytes[from + at + i]!;
      const character = characters.get(key) ?? addCharacter(key, bytes, from + at, width);
      if (character.id === NO_RANK) return 0;
      starts[numUnits] = at;
      ids[numUnits] = character.id;
      floors[numUnits] = character.floor;
      at += width;
    }
    starts[numUnits] = length;
    return numUnits;
  };

  const addCharacter = (key: number, bytes: Uint8Array, from: number, width: number): Character => {
    hashPrefixes(alone, bytes, from, width);
    takeBytes(alone, bytes, from, width);
    highestMerged = -1;
    mergeUnits(alone, bytes, from, width);
    const character = { id: alone.next[0] === width ? alone.ids[0]! : NO_RANK, floor: highestMerged };
    if (characters.size < MAX_CHARACTERS) characters.set(key, character);
    return character;
  };

  return (bytes, from, to, out) => {
    const length = to - from;
    if (length === 1) {
      out.push(byteRanks[bytes[from]!]!);
      return;
    }
    const parts = partsFor(length);
    hashPrefixes(parts, bytes, from, length);
    isOutOfOrder = false;
    let numUnits = bytes[to - 1]! < 0x80 ? 0 : takeCharacters(parts, bytes, from, length);
    if (numUnits > 0) mergeUnits(parts, bytes, from, numUnits);
    if (numUnits === 0 || isOutOfOrder) {
      numUnits = takeBytes(parts, bytes, from, length);
      mergeUnits(parts, bytes, from, numUnits);
    }
    const { next, ids } = parts;
    for (let at = 0; at < numUnits; at = next[at]!) out.push(ids[at]!);
  };
};

const hashPrefixes = ({ hashes }: Parts, bytes: Uint8Array, from: number, length: number): void => {
  hashes[0] = 0;
  for (let at = 0; at < length; at += STRIDE)
    hashSome(hashes, bytes, from, at, Math.min(at + STRIDE, length));
};

const hashSome = (hashes: Int32Array, bytes: Uint8Array, from: number, first: number, end: number): void => {
  for (let i = first; i < end; i++)
    hashes[i + 1] = (Math.imul(hashes[i]!, HASH_FACTOR) + bytes[from + i]! + 1) | 0;
};

const linkUnits = ({ next, previous }: Parts, first: number, end: number): void => {
  for (let i = first; i < end; i++) {
    next[i] = i + 1;
    previous[i] = i - 1;
  }
};

const addFirstPairs = ({ ranks }: Parts, queue: MergeQueue, first: number, end: number): void => {
  for (let at = first; at < end; at++) if (ranks[at] !== NO_RANK) queue.add(ranks[at]!, at);
};
