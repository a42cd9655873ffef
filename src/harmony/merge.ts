// Byte-pair merging of one piece: again and again the adjacent pair with the lowest rank, the
// leftmost of equals. Short pieces scan for it; long ones (hostile or merely unbroken text) keep
// the pairs in a heap, so that time grows as n log n and never as n².

import { HASH_FACTOR, NO_RANK, type RankTable } from './rank-table.js';

/** Above this many bytes the heap is faster than scanning (measured on a 2.7 GHz Xeon). */
const SCAN_LIMIT = 96;
/** Scratch for pieces up to this size is kept between calls. */
const KEPT_CAPACITY = 1 << 16;
/** Pairs whose merged rank is remembered, by slot: the same few pairs make up most of any text. */
const PAIR_SLOTS_LOG2 = 13;
/** Positions share a double with their rank: rank * 2^31 + position. */
const POSITION_SPAN = 2 ** 31;

/** Appends the ranks of bytes[from, to) to `out`. */
export type MergePiece = (bytes: Uint8Array, from: number, to: number, out: number[]) => void;

interface Scratch {
  readonly capacity: number;
  readonly hashes: Int32Array; // (capacity + 1): hash of the piece's first i bytes
  readonly next: Int32Array; // (capacity + 1): start of the part after the one at i
  readonly previous: Int32Array; // (capacity + 1)
  readonly ids: Int32Array; // (capacity + 1): the part at i as a token
  readonly ranks: Int32Array; // (capacity + 1): rank of the part at i merged with the next
}

const createScratch = (capacity: number): Scratch => ({
  capacity,
  hashes: new Int32Array(capacity + 1),
  next: new Int32Array(capacity + 1),
  previous: new Int32Array(capacity + 1),
  ids: new Int32Array(capacity + 1),
  ranks: new Int32Array(capacity + 1),
});

export const createMergePiece = (table: RankTable): MergePiece => {
  const { rankOf, longestToken, byteRanks } = table;
  const powers = new Int32Array(longestToken + 1); // HASH_FACTOR ** i
  powers[0] = 1;
  for (let i = 1; i <= longestToken; i++) powers[i] = Math.imul(powers[i - 1]!, HASH_FACTOR);
  const pairs = new Int32Array(3 << PAIR_SLOTS_LOG2).fill(-1); // (2 ** PAIR_SLOTS_LOG2, 3): left id, right id, rank of both as one
  let kept = createScratch(256);

  const scratchFor = (length: number): Scratch => {
    if (length <= kept.capacity) return kept;
    const scratch = createScratch(2 ** Math.ceil(Math.log2(length)));
    if (scratch.capacity <= KEPT_CAPACITY) kept = scratch;
    return scratch;
  };

  return (bytes, from, to, out) => {
    const length = to - from;
    if (length === 1) {
      out.push(byteRanks[bytes[from]!]!);
      return;
    }
    const scratch = scratchFor(length);
    const { hashes, next, previous, ids, ranks } = scratch;

    /** Rank of the part at `at` joined with the next one. */
    const pairRank = (at: number): number => {
      const other = next[at]!;
      if (other >= length) return NO_RANK;
      const left = ids[at]!;
      const right = ids[other]!;
      const slot =
        3 * ((Math.imul(left, 0x9e3779b1) + Math.imul(right, 0x85ebca6b)) >>> (32 - PAIR_SLOTS_LOG2));
      if (pairs[slot] === left && pairs[slot + 1] === right) return pairs[slot + 2]!;
      const end = next[other]!;
      const size = end - at;
      const hash = size > longestToken ? 0 : (hashes[end]! - Math.imul(hashes[at]!, powers[size]!)) | 0;
      const rank = size > longestToken ? NO_RANK : rankOf(bytes, from + at, from + end, hash);
      pairs[slot] = left;
      pairs[slot + 1] = right;
      pairs[slot + 2] = rank;
      return rank;
    };

    hashes[0] = 0;
    for (let i = 0; i < length; i++) {
      hashes[i + 1] = (Math.imul(hashes[i]!, HASH_FACTOR) + bytes[from + i]! + 1) | 0;
    }
    for (let i = 0; i < length; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
      ids[i] = byteRanks[bytes[from + i]!]!;
    }
    next[length] = length; // so that the last pair's end can be read
    for (let i = 0; i < length; i++) ranks[i] = pairRank(i);

    /** Joins the part at `at` with the one after it; then `ranks` of it and of the part before are stale. */
    const join = (at: number): void => {
      const absorbed = next[at]!;
      const after = next[absorbed]!;
      next[at] = after;
      ids[at] = ranks[at]!;
      if (after < length) previous[after] = at;
      ranks[absorbed] = NO_RANK;
      ranks[at] = pairRank(at);
      const before = previous[at]!;
      if (before >= 0) ranks[before] = pairRank(before);
    };

    if (length <= SCAN_LIMIT) {
      for (;;) {
        let lowest = NO_RANK;
        let lowestAt = 0;
        for (let at = 0; at < length; at = next[at]!) {
          if (ranks[at]! < lowest) {
            lowest = ranks[at]!;
            lowestAt = at;
          }
        }
        if (lowest === NO_RANK) break;
        join(lowestAt);
      }
    } else {
      mergeByHeap(length, scratch, join);
    }
    for (let at = 0; at < length; at = next[at]!) out.push(ids[at]!);
  };
};

/** Entries are rank * 2^31 + position; one is stale when `ranks` at its position says otherwise. */
const mergeByHeap = (length: number, { ranks, previous }: Scratch, join: (at: number) => void): void => {
  // Each of at most length - 1 merges adds at most two entries to the first length - 1.
  const heap = new Float64Array(3 * length);
  let size = 0;

  const push = (at: number): void => {
    if (ranks[at] === NO_RANK) return;
    const entry = ranks[at]! * POSITION_SPAN + at;
    let hole = size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (heap[parent]! <= entry) break;
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = entry;
  };

  const pop = (): number => {
    const top = heap[0]!;
    const last = heap[--size]!;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= last) break;
      heap[hole] = heap[child]!;
      hole = child;
    }
    heap[hole] = last;
    return top;
  };

  for (let at = 0; at < length - 1; at++) push(at);
  while (size > 0) {
    const entry = pop();
    const rank = (entry / POSITION_SPAN) | 0; // as integers: a double as an index is slow
    const at = (entry - rank * POSITION_SPAN) | 0;
    if (ranks[at] !== rank) continue;
    join(at);
    push(at);
    if (previous[at]! >= 0) push(previous[at]!);
  }
};
