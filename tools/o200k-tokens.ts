import { createRequire } from 'node:module';

/** The published models' text tokens by rank, from the development package `tiktoken`. */
export const o200kTokens = (): readonly Buffer[] => {
  const { bpe_ranks: lines } = createRequire(import.meta.url)('tiktoken/encoders/o200k_base.json') as {
    readonly bpe_ranks: string; // lines of `! first-rank base64 base64 …`
  };
  return lines.split('\n').flatMap((line) =>
    line
      .split(' ')
      .slice(2)
      .map((base64) => Buffer.from(base64, 'base64')),
  );
};
