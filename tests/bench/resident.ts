// What of a process is resident, by what it maps (/proc/PID/smaps, Linux only).

import { readFileSync } from 'node:fs';

export interface Resident {
  /** Bytes of the files under `weights`: the kernel may take them back, and read them again. */
  readonly weightsBytes: number;
  /** Heaps, stacks, KV cache, activations: what is in no file. */
  readonly anonymousBytes: number;
  /** Programs and libraries. */
  readonly otherBytes: number;
}

/** A mapping's first line ends in its path, where it has one; the lines after it say how much of it is resident. */
export const residentOf = (pid: number, weights: string): Resident => {
  const sums = { weights: 0, anonymous: 0, other: 0 };
  let kind: keyof typeof sums = 'anonymous';
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    const mapping = /^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(.*)$/.exec(line);
    if (mapping !== null) {
      const path = mapping[1]!;
      kind = !path.startsWith('/') ? 'anonymous' : path.startsWith(weights) ? 'weights' : 'other';
    }
    const resident = /^Rss: +(\d+) kB$/.exec(line);
    if (resident !== null) sums[kind] += 1024 * Number(resident[1]);
  }
  return { weightsBytes: sums.weights, anonymousBytes: sums.anonymous, otherBytes: sums.other };
};
