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

/** The piece as parts, each known by the position of its first byte. */
interface Parts {
  readonly capacity: number;
  readonly hashes: Int32Array; // (capacity + 1): hash of the piece's first i bytes
  readonly next: Int32Array; // (capacity + 1): start of the part after the one at i
  readonly previous: Int32Array; // (capacity + 1)
  readonly ids: Int32Array; // (capacity + 1): the part at i as a token
  readonly ranks: Int32Array; // (capacity + 1): rank of the part at i merged with the next
}

const createParts = (capacity: number): Parts => ({
  capacity,
  hashes: new Int32Array(capacity + 1),
  next: new Int32Array(capacity + 1),
  previous: new Int32Array(capacity + 1),
  ids: new Int32Array(capacity + 1),
  ranks: new Int32Array(capacity + 1),
});

export const createMergePiece = (table: RankTable): MergePiece => {
  const { rankOf, longestToken, byteRanks } = table;
  const pairs = new Int32Array(3 << PAIR_SLOTS_LOG2).fill(-1); // (2 ** PAIR_SLOTS_LOG2, 3): left id, right id, rank of both as one
  const powers = new Int32Array(longestToken + 1); // HASH_FACTOR ** i
  powers[0] = 1;
  for (let i = 1; i <= longestToken; i++) powers[i] = Math.imul(powers[i - 1]!, HASH_FACTOR);
  let kept = createParts(256);

  const partsFor = (length: number): Parts => {
    if (length <= kept.capacity) return kept;
    const parts = createParts(2 ** Math.ceil(Math.log2(length)));
    if (parts.capacity <= KEPT_CAPACITY) kept = parts;
    return parts;
  };

  /** Rank of the part at `at` joined with the next one. */
  const pairRank = (parts: Parts, at: number, bytes: Uint8Array, from: number, length: number): number => {
    const { next, ids, hashes } = parts;
    const other = next[at]!;
    if (other >= length) return NO_RANK;
    const left = ids[at]!;
    const right = ids[other]!;
    const slot = 3 * ((Math.imul(left, 0x9e3779b1) + Math.imul(right, 0x85ebca6b)) >>> (32 - PAIR_SLOTS_LOG2));
    if (pairs[slot] === left && pairs[slot + 1] === right) return pairs[slot + 2]!;
    const end = next[other]!;
    const size = end - at;
    let rank = NO_RANK;
    if (size <= longestToken) {
      const hash = (hashes[end]! - Math.imul(hashes[at]!, powers[size]!)) | 0;
      rank = rankOf(bytes, from + at, from + end, hash);
    }
    pairs[slot] = left;
    pairs[slot + 1] = right;
    pairs[slot + 2] = rank;
    return rank;
  };

  /** Joins the part at `at` with the one after it. */
  const join = (parts: Parts, at: number, bytes: Uint8Array, from: number, length: number): void => {
    const { next, previous, ids, ranks } = parts;
    const absorbed = next[at]!;
    const after = next[absorbed]!;
    next[at] = after;
    ids[at] = ranks[at]!;
    if (after < length) previous[after] = at;
    ranks[absorbed] = NO_RANK;
    ranks[at] = pairRank(parts, at, bytes, from, length);
    const before = previous[at]!;
    if (before >= 0) ranks[before] = pairRank(parts, before, bytes, from, length);
  };

  const mergeByScan = (parts: Parts, bytes: Uint8Array, from: number, length: number): void => {
    const { next, ranks } = parts;
    for (;;) {
      let lowest = NO_RANK;
      let lowestAt = 0;
      for (let at = 0; at < length; at = next[at]!) {
        if (ranks[at]! < lowest) {
          lowest = ranks[at]!;
          lowestAt = at;
        }
      }
      if (lowest === NO_RANK) return;
      join(parts, lowestAt, bytes, from, length);
    }
  };

  /** Entries are rank * 2^31 + position; one is stale when `ranks` at its position says otherwise. */
  const mergeByHeap = (parts: Parts, bytes: Uint8Array, from: number, length: number): void => {
    const { previous, ranks } = parts;
    // Each of at most length - 1 merges adds at most two entries.
    const heap = new Float64Array(2 * length);
    let size = 0;
    // The first pairs are sorted once, natively; only later ones go through the heap.
    const first = new Float64Array(length);
    for (let at = 0; at < length; at++) first[at] = ranks[at]! * POSITION_SPAN + at;
    first.sort();
    let taken = 0;
    for (;;) {
      let entry: number;
      if (size > 0 && (taken === length || heap[0]! < first[taken]!)) {
        entry = heap[0]!;
        size = dropTop(heap, size);
      } else if (taken < length) {
        entry = first[taken++]!;
      } else {
        return;
      }
      const rank = (entry / POSITION_SPAN) | 0; // as integers: a double as an index is slow
      const at = (entry - rank * POSITION_SPAN) | 0;
      if (rank === NO_RANK) return;
      if (ranks[at] !== rank) continue;
      join(parts, at, bytes, from, length);
      if (ranks[at] !== NO_RANK) size = add(heap, size, ranks[at]! * POSITION_SPAN + at);
      const before = previous[at]!;
      if (before >= 0 && ranks[before] !== NO_RANK) size = add(heap, size, ranks[before]! * POSITION_SPAN + before);
    }
  };

  return (bytes, from, to, out) => {
    const length = to - from;
    if (length === 1) {
      out.push(byteRanks[bytes[from]!]!);
      return;
    }
    const parts = partsFor(length);
    const { hashes, next, previous, ids, ranks } = parts;
    hashes[0] = 0;
    for (let i = 0; i < length; i++) {
      const byte = bytes[from + i]!;
      hashes[i + 1] = (Math.imul(hashes[i]!, HASH_FACTOR) + byte + 1) | 0;
      next[i] = i + 1;
      previous[i] = i - 1;
      ids[i] = byteRanks[byte]!;
    }
    next[length] = length; // so that the last pair's end can be read
    for (let i = 0; i < length; i++) ranks[i] = pairRank(parts, i, bytes, from, length);
    if (length <= SCAN_LIMIT) mergeByScan(parts, bytes, from, length);
    else mergeByHeap(parts, bytes, from, length);
    for (let at = 0; at < length; at = next[at]!) out.push(ids[at]!);
  };
};

/** Both return the heap's new size. */
const add = (heap: Float64Array, size: number, entry: number): number => {
  let hole = size;
  while (hole > 0) {
    const parent = (hole - 1) >> 1;
    if (heap[parent]! <= entry) break;
    heap[hole] = heap[parent]!;
    hole = parent;
  }
  heap[hole] = entry;
  return size + 1;
};

const dropTop = (heap: Float64Array, size: number): number => {
  const end = size - 1;
  const last = heap[end]!;
  let hole = 0;
  for (;;) {
    let child = 2 * hole + 1;
    if (child >= end) break;
    if (child + 1 < end && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= last) break;
    heap[hole] = heap[child]!;
    hole = child;
  }
  heap[hole] = last;
  return end;
};
