// Requests that were running when the engine died. One that was there twice is not run a third time: whatever it
// carries, it takes everybody's engine down with it.

/** Crashes by fingerprint of the request, oldest first. */
export type Suspects = readonly (readonly [fingerprint: string, numCrashes: number])[];

/** Keeps the list of a daemon that crashes for other reasons from growing for ever. */
const MAX_SUSPECTS = 256;

export const addSuspects = (suspects: Suspects, running: readonly string[]): Suspects => {
  const crashes = new Map(suspects);
  for (const fingerprint of running) {
    const before = crashes.get(fingerprint) ?? 0;
    crashes.delete(fingerprint); // seen now: the youngest entry
    crashes.set(fingerprint, before + 1);
  }
  return [...crashes].slice(-MAX_SUSPECTS);
};

export const numCrashesOf = (suspects: Suspects, fingerprint: string): number =>
  suspects.find(([suspect]) => suspect === fingerprint)?.[1] ?? 0;
