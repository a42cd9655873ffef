// Tokens that are no whole characters.

import type { TokenTexts } from '../../grammar/token-tree.js';

/**
 * xgrammar counts the bytes of a character and does not look further, so what no character has, or may have only before
 * certain bytes of the next token, is left out. Characters stay within reach by the tokens that hold more of them.
 */
export const mayBreakUtf8 = (token: Uint8Array): boolean =>
  token.some((byte, at) => {
    if (byte === 0xc0 || byte === 0xc1 || byte >= 0xf5) return true;
    const range = SECOND_BYTES.get(byte);
    if (range === undefined) return false;
    const second = token[at + 1];
    return second === undefined || second < range[0] || second > range[1];
  });

/** Of lead bytes that do not go with every continuation byte. */
const SECOND_BYTES: ReadonlyMap<number, readonly [first: number, last: number]> = new Map([
  [0xe0, [0xa0, 0xbf]],
  [0xed, [0x80, 0x9f]],
  [0xf0, [0x90, 0xbf]],
  [0xf4, [0x80, 0x8f]],
]);

/** Tokens that hold one of the characters, or begin with the last bytes of one. */
export const findTokensWith = (
  characters: ReadonlyArray<readonly number[]>,
  { bytes, offsets }: TokenTexts,
): number[] => {
  if (characters.length === 0) return [];
  const endings = characters.flatMap((character) => character.map((_, from) => character.slice(from)));
  const begins = (at: number, text: readonly number[]): boolean =>
    text.every((byte, index) => bytes[at + index] === byte);
  const found: number[] = [];
  for (let token = 0; token < offsets.length - 1; token++) {
    const [first, behind] = [offsets[token]!, offsets[token + 1]!];
    const holds = (at: number): boolean =>
      bytes[at]! >= 0x80 &&
      (at === first ? endings : characters).some((text) => at + text.length <= behind && begins(at, text));
    for (let at = first; at < behind; at++) {
      if (!holds(at)) continue;
      found.push(token);
      break;
    }
  }
  return found;
};
