// Where merging may take whole characters as its units instead of bytes. A merge can only cross from
// one character into a part of another if some token does. Few tokens do (some 800 of o200k's 200,000);
// they are listed by the two bytes at the crossing when a text first needs it.

import type { TokenBytes } from './rank-table.js';

/** Bytes of the character that begins with this byte, in well-formed UTF-8. */
export const widthOf = (lead: number): number => (lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);

/**
 * True if no token that ends or begins within a character matches bytes[from, to) across `at`, where a
 * character begins.
 */
export type IsCleanBoundary = (bytes: Uint8Array, at: number, from: number, to: number) => boolean;

/** Token `bytes[start, end)` of the vocabulary, with a character's start at `crossing`. */
interface Crossing {
  readonly start: number;
  readonly crossing: number;
  readonly end: number;
}

export const createBoundaryCheck = (tokens: TokenBytes): IsCleanBoundary => {
  let crossings: ReadonlyMap<number, readonly Crossing[]> | undefined;

  const matches = (
    { start, crossing, end }: Crossing,
    text: Uint8Array,
    at: number,
    from: number,
    to: number,
  ): boolean => {
    const first = at - (crossing - start);
    if (first < from || first + (end - start) > to) return false;
    for (let i = 0; i < end - start; i++) if (tokens.bytes[start + i] !== text[first + i]) return false;
    return true;
  };

  return (bytes, at, from, to) => {
    crossings ??= findCrossings(tokens);
    const candidates = crossings.get((bytes[at - 1]! << 8) | bytes[at]!);
    return (
      candidates === undefined || !candidates.some((candidate) => matches(candidate, bytes, at, from, to))
    );
  };
};

const findCrossings = ({ bytes, offsets }: TokenBytes): ReadonlyMap<number, readonly Crossing[]> => {
  const found = new Map<number, Crossing[]>();
  for (let token = 0; token + 1 < offsets.length; token++) {
    const start = offsets[token]!;
    const end = offsets[token + 1]!;
    if (!isRagged(bytes, start, end)) continue;
    for (let crossing = start + 1; crossing < end; crossing++) {
      if (isContinuation(bytes[crossing]!)) continue;
      const key = (bytes[crossing - 1]! << 8) | bytes[crossing]!;
      const sameBytes = found.get(key);
      if (sameBytes === undefined) found.set(key, [{ start, crossing, end }]);
      else sameBytes.push({ start, crossing, end });
    }
  }
  return found;
};

const isRagged = (bytes: Uint8Array, from: number, to: number): boolean => {
  if (to - from < 2) return false;
  if (isContinuation(bytes[from]!)) return true;
  let lead = to - 1;
  while (lead > from && isContinuation(bytes[lead]!)) lead--;
  return to - lead !== widthOf(bytes[lead]!);
};

const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;
