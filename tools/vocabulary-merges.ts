/**
 * The merges that lead to each token of more than one byte, in the order of their ranks. A tiktoken vocabulary has none
 * written down: the last step to a token joins the two parts that it comes to by the ranks below its own.
 */
export const vocabularyMerges = (
  tokens: readonly Uint8Array[],
): ReadonlyArray<readonly [left: Uint8Array, right: Uint8Array]> => {
  const ranks = new Map(tokens.map((token, rank) => [keyOf(token), rank]));
  return tokens.flatMap((token, rank) => {
    if (token.length < 2) return [];
    const parts = mergeBelow(token, rank, ranks);
    // One that cannot be reached is never made of text; it needs no merge.
    return parts.length === 2 ? [[parts[0]!, parts[1]!] as const] : [];
  });
};

const keyOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

const mergeBelow = (token: Uint8Array, limit: number, ranks: ReadonlyMap<string, number>): Uint8Array[] => {
  const starts = Array.from({ length: token.length + 1 }, (_, at) => at);
  const rankAt = (i: number): number =>
    ranks.get(keyOf(token.subarray(starts[i], starts[i + 2]))) ?? Infinity;
  for (;;) {
    let best = -1;
    let bestRank = limit;
    for (let i = 0; i + 2 < starts.length; i += 1) {
      const rank = rankAt(i);
      if (rank < bestRank) [best, bestRank] = [i, rank];
    }
    if (best < 0) break;
    starts.splice(best + 1, 1);
  }
  return starts.slice(1).map((end, i) => token.subarray(starts[i], end));
};
