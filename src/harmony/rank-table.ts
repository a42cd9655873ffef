// Byte sequence → rank, for every text token of a vocabulary: one open-addressed table over a
// polynomial hash. The hash of any slice follows from prefix hashes in constant time, which is
// what keeps merging linear; the table is fixed by the vocabulary, so no text can make it slow.

import { CodexpcError } from '../errors.js';

/** The text tokens of a vocabulary; a token's position is its id and its merge rank. */
export interface TokenBytes {
  /** All tokens, one after the other. */
  readonly bytes: Uint8Array;
  /** (num_text_tokens + 1): token i is bytes[offsets[i], offsets[i + 1]). */
  readonly offsets: Uint32Array;
}

export interface RankTable {
  /** Rank of bytes[from, to) whose hash is `hash`, or NO_RANK. */
  rankOf(bytes: Uint8Array, from: number, to: number, hash: number): number;
  /** Longest token, in bytes: longer slices have no rank. */
  readonly longestToken: number;
  /** (256): rank of each single byte. */
  readonly byteRanks: Uint32Array;
}

export const NO_RANK = 0x7fffffff;
/** Multiplier of the polynomial hash: hash' = hash * HASH_FACTOR + byte + 1, modulo 2^32. */
export const HASH_FACTOR = 0x01000193;

/** Throws `model_corrupt` if an offset is wrong or a single byte has no token (not every text could be encoded). */
export const createRankTable = ({ bytes, offsets }: TokenBytes): RankTable => {
  const numTokens = offsets.length - 1;
  if (numTokens < 256 || offsets[0] !== 0 || offsets[numTokens]! > bytes.length) {
    throw corrupt(`${Math.max(numTokens, 0)} tokens in ${bytes.length} bytes`);
  }
  // Load at most 3/8: chains stay short, and 200,000 tokens take 4 MiB.
  const capacity = 2 ** Math.ceil(Math.log2((numTokens * 8) / 3));
  const mask = capacity - 1;
  const slots = new Int32Array(2 * capacity); // (capacity, 2): hash, rank + 1 (0: free)
  const byteRanks = new Uint32Array(256).fill(NO_RANK);
  let longestToken = 0;

  const sameBytes = (rank: number, text: Uint8Array, from: number, to: number): boolean => {
    let at = offsets[rank]!;
    if (offsets[rank + 1]! - at !== to - from) return false;
    for (let i = from; i < to; i++, at++) if (text[i] !== bytes[at]) return false;
    return true;
  };

  const rankOf = (text: Uint8Array, from: number, to: number, hash: number): number => {
    for (let slot = spread(hash) & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[2 * slot + 1]!;
      if (entry === 0) return NO_RANK;
      if (slots[2 * slot] === hash && sameBytes(entry - 1, text, from, to)) return entry - 1;
    }
  };

  for (let rank = 0; rank < numTokens; rank++) {
    const from = offsets[rank]!;
    const to = offsets[rank + 1]!;
    if (to <= from) {
      if (to < from) throw corrupt(`offset ${to} of token ${rank + 1} is smaller than the one before`);
      continue; // an empty token is never the result of a merge
    }
    if (to - from > longestToken) longestToken = to - from;
    if (to - from === 1 && byteRanks[bytes[from]!] === NO_RANK) byteRanks[bytes[from]!] = rank;
    let hash = 0;
    for (let i = from; i < to; i++) hash = (Math.imul(hash, HASH_FACTOR) + bytes[i]! + 1) | 0;
    let slot = spread(hash) & mask;
    let entry = slots[2 * slot + 1]!;
    while (entry !== 0 && !(slots[2 * slot] === hash && sameBytes(entry - 1, bytes, from, to))) {
      slot = (slot + 1) & mask;
      entry = slots[2 * slot + 1]!;
    }
    if (entry !== 0) continue; // a duplicate: the lower rank stands
    slots[2 * slot] = hash;
    slots[2 * slot + 1] = rank + 1;
  }
  const missing = byteRanks.indexOf(NO_RANK);
  if (missing !== -1)
    throw corrupt(`no token for the single byte 0x${missing.toString(16).padStart(2, '0')}`);
  return { rankOf, longestToken, byteRanks };
};

const spread = (hash: number): number => {
  const mixed = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
};

const corrupt = (what: string): CodexpcError =>
  new CodexpcError({
    code: 'model_corrupt',
    message: `The tokenizer's vocabulary is damaged (${what}). Download the checkpoint again.`,
  });
