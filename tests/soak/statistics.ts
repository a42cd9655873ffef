// Figures of a run, from its samples.

/** `share` in [0, 1]; NaN of no samples. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
};

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** 1: all have the same; 1/n: one has everything (Jain, Chiu and Hawe, 1984). */
export const jainIndex = (shares: readonly number[]): number => {
  const sum = shares.reduce((total, share) => total + share, 0);
  return sum ** 2 / (shares.length * shares.reduce((total, share) => total + share ** 2, 0));
};

export interface Slope {
  readonly perHour: number;
  readonly standardError: number;
}

/** Consecutive samples say nearly the same; means of blocks are treated as independent. */
const NUM_BLOCKS = 20;

/** By least squares over the means of equal blocks. `samples` are equally spaced, `spanMs` apart from first to last. */
export const slopeOf = (samples: readonly number[], spanMs: number): Slope => {
  const numBlocks = Math.min(NUM_BLOCKS, samples.length);
  const blocks = Array.from({ length: numBlocks }, (_, index) =>
    mean(
      samples.slice(
        Math.floor((index * samples.length) / numBlocks),
        Math.floor(((index + 1) * samples.length) / numBlocks),
      ),
    ),
  );
  const blockHours = spanMs / 3_600_000 / numBlocks;
  const middle = (numBlocks - 1) / 2;
  const centre = mean(blocks);
  const spread = blocks.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  const slope = blocks.reduce((sum, value, index) => sum + (index - middle) * (value - centre), 0) / spread;
  const residuals = blocks.map((value, index) => value - centre - slope * (index - middle));
  const variance = residuals.reduce((sum, value) => sum + value ** 2, 0) / (numBlocks - 2);
  return { perHour: slope / blockHours, standardError: Math.sqrt(variance / spread) / blockHours };
};
