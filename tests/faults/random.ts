// Numbers that a seed repeats (mulberry32).

export interface Random {
  /** A whole number from 0, below this one. */
  below(bound: number): number;
}

export const createRandom = (seed: number): Random => {
  let state = seed >>> 0;
  return {
    below: (bound) => {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
    },
  };
};
