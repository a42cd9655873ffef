// How long a child that failed waits before it is started again: doubling, capped, with jitter so that several
// daemons on one machine do not come back in step.

export interface BackoffPolicy {
  readonly baseMs: number;
  readonly limitMs: number;
}

/** `failuresInARow` counts from 1; `jitter` is in [0, 1): the delay lies between half of the step and all of it. */
export const backoffMs = (
  { baseMs, limitMs }: BackoffPolicy,
  failuresInARow: number,
  jitter: number,
): number => {
  const step = Math.min(limitMs, baseMs * 2 ** Math.max(0, failuresInARow - 1));
  return Math.round(step * (0.5 + jitter / 2));
};
