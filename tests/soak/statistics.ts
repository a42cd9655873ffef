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
  /** Half of the interval that holds the true slope 95 times in 100. */
  readonly margin: number;
}

export interface Point {
  readonly atMs: number;
  readonly value: number;
}

const HOUR_MS = 3_600_000;

/** By least squares, of three points or more whose deviations from the line are independent of each other. */
export const slopeOf = (points: readonly Point[]): Slope => {
  const hours = points.map(({ atMs }) => atMs / HOUR_MS);
  const middle = mean(hours);
  const centre = mean(points.map(({ value }) => value));
  const spread = hours.reduce((sum, hour) => sum + (hour - middle) ** 2, 0);
  const at = (index: number): Point => points[index] as Point;
  const perHour =
    hours.reduce((sum, hour, index) => sum + (hour - middle) * (at(index).value - centre), 0) / spread;
  const residuals = hours.map((hour, index) => at(index).value - centre - perHour * (hour - middle));
  const freedom = points.length - 2;
  const variance = residuals.reduce((sum, residual) => sum + residual ** 2, 0) / freedom;
  return { perHour, margin: studentQuantile(freedom) * Math.sqrt(variance / spread) };
};

/** Of 97.5 %, by the normal one's expansion (Abramowitz and Stegun 26.7.5): from 3 degrees on within 1 %. */
const studentQuantile = (freedom: number): number => {
  const x = 1.959964;
  const terms = [
    (x ** 3 + x) / 4,
    (5 * x ** 5 + 16 * x ** 3 + 3 * x) / 96,
    (3 * x ** 7 + 19 * x ** 5 + 17 * x ** 3 - 15 * x) / 384,
  ];
  return x + terms.reduce((sum, term, index) => sum + term / freedom ** (index + 1), 0);
};
