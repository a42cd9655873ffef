// Lets one through per turn of the event loop, so that many pieces of work that came at once do not become one stall.

export interface Turnstile {
  /** Resolves when it is the caller's turn. */
  pass(): Promise<void>;
}

export const createTurnstile = (): Turnstile => {
  let last = Promise.resolve();
  return {
    pass: () => (last = last.then(() => new Promise((resolve) => setImmediate(resolve)))),
  };
};
