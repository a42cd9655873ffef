// When a request reached what, over all its rounds.

import type { Timings } from '../ipc/protocol.js';

export interface SessionClock {
  started(atMs: number): void;
  /** The prompt has been fed. */
  firstToken(atMs: number): void;
  /** The second time in a round is ignored. */
  roundEnded(atMs: number): void;
  countPrefill(numTokens: number): void;
  countToken(): void;
  timings(): Timings;
}

export const createSessionClock = (now: () => number): SessionClock => {
  const createdMs = now();
  let firstStartMs: number | null = null;
  let firstTokenMs: number | null = null;
  let startMs: number | null = null;
  let decodeStartMs: number | null = null;
  let prefillMs = 0;
  let decodeMs = 0;
  let prefillTokens = 0;
  let decodedTokens = 0;

  const endRound = (nowMs: number): void => {
    if (decodeStartMs !== null) decodeMs += nowMs - decodeStartMs;
    else if (startMs !== null) prefillMs += nowMs - startMs;
    startMs = null;
    decodeStartMs = null;
  };

  return {
    started: (atMs) => {
      startMs = atMs;
      firstStartMs ??= startMs;
    },
    firstToken: (atMs) => {
      decodeStartMs = atMs;
      firstTokenMs ??= decodeStartMs;
      prefillMs += decodeStartMs - (startMs ?? decodeStartMs);
      decodedTokens -= 1; // a round's first token is the prefill's result
    },
    roundEnded: endRound,
    countPrefill: (numTokens) => void (prefillTokens += numTokens),
    countToken: () => void (decodedTokens += 1),
    timings: () => {
      const nowMs = now();
      endRound(nowMs);
      return {
        queuedMs: (firstStartMs ?? nowMs) - createdMs,
        prefillMs,
        timeToFirstTokenMs: (firstTokenMs ?? nowMs) - createdMs,
        decodeMs,
        totalMs: nowMs - createdMs,
        prefillTokensPerSecond: perSecond(prefillTokens, prefillMs),
        decodeTokensPerSecond: perSecond(Math.max(0, decodedTokens), decodeMs),
      };
    },
  };
};

const perSecond = (count: number, elapsedMs: number): number =>
  elapsedMs > 0 ? (1000 * count) / elapsedMs : 0;
