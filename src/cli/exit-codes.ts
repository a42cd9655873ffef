// What the exit code says. As in s6, the operator's mistake and the system's failure differ. Told in README.md.

import { CodexpcError } from '../errors.js';

export const EXIT = {
  ok: 0,
  /** health, doctor or status answered, and the answer is bad. */
  unhealthy: 1,
  usage: 2,
  /** Temporary: nothing is wrong, try again later. */
  busy: 75,
  /** The request cannot be done as it was asked. */
  mistake: 100,
  systemFailure: 111,
  interrupted: 130,
  pipeClosed: 141,
  terminated: 143,
} as const;

/** The command line itself is at fault: nothing was asked of the daemon. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const exitCodeOf = (error: unknown): number => {
  if (error instanceof UsageError) return EXIT.usage;
  if (!(error instanceof CodexpcError)) return EXIT.systemFailure;
  switch (error.kind) {
    case 'caller':
      return EXIT.mistake;
    case 'capacity':
      return EXIT.busy;
    case 'protocol':
    case 'engine':
    case 'system':
    case 'bug':
      return EXIT.systemFailure;
  }
};
