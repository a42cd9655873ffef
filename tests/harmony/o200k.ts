// The full o200k vocabulary for tests, from the ranks in the npm package `tiktoken`, checked against
// the SHA-256 of the published o200k_base.tiktoken; and the same cut to its first ranks.

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import {
  O200K_HARMONY_SIZE,
  O200K_HARMONY_SPECIAL_TOKENS,
  type TokenBytes,
  type Vocabulary,
} from '../../src/harmony/vocabulary.js';

const O200K_SHA256 = '446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d';

interface TiktokenRanks {
  readonly pat_str: string;
  /** Lines of `! first-rank base64 base64 …`. */
  readonly bpe_ranks: string;
}

export const loadO200k = (): Vocabulary => {
  const ranks = createRequire(import.meta.url)('tiktoken/encoders/o200k_base.json') as TiktokenRanks;
  const encoded: string[] = [];
  for (const line of ranks.bpe_ranks.split('\n')) {
    const [, first, ...tokens] = line.split(' ');
    if (Number(first) !== encoded.length) throw new Error(`ranks are not consecutive at ${first}`);
    for (const token of tokens) encoded.push(token);
  }
  const hash = createHash('sha256');
  hash.update(encoded.map((base64, rank) => `${base64} ${rank}\n`).join(''));
  if (hash.digest('hex') !== O200K_SHA256) throw new Error('these are not the ranks of o200k_base');
  return {
    pattern: ranks.pat_str,
    tokens: packTokens(encoded.map((base64) => Buffer.from(base64, 'base64'))),
    specialTokens: O200K_HARMONY_SPECIAL_TOKENS,
    vocabularySize: O200K_HARMONY_SIZE,
  };
};

/** The first `numTextTokens` ranks, special tokens right behind them, as in a small checkpoint. */
export const truncate = (vocabulary: Vocabulary, numTextTokens: number): Vocabulary => ({
  pattern: vocabulary.pattern,
  tokens: {
    bytes: vocabulary.tokens.bytes,
    offsets: vocabulary.tokens.offsets.slice(0, numTextTokens + 1),
  },
  specialTokens: new Map([...vocabulary.specialTokens.keys()].map((name, i) => [name, numTextTokens + i])),
});

export const packTokens = (tokens: readonly Uint8Array[]): TokenBytes => {
  const offsets = new Uint32Array(tokens.length + 1);
  tokens.forEach((token, i) => (offsets[i + 1] = offsets[i]! + token.length));
  const bytes = new Uint8Array(offsets[tokens.length]!);
  tokens.forEach((token, i) => bytes.set(token, offsets[i]!));
  return { bytes, offsets };
};
