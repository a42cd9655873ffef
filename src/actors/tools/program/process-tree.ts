// Finds the processes of a program through /proc. On systems without one, only the process group is known.

import { closeSync, openSync, readdirSync, readSync } from 'node:fs';

/** The process's descendants, without itself; at most `max` of them. */
export const descendantsOf = (pid: number, max: number = Infinity): readonly number[] => {
  const found: number[] = [];
  const walk = [pid];
  for (let next; (next = walk.pop()) !== undefined && found.length < max;) {
    for (const child of childrenOf(next)) {
      found.push(child);
      walk.push(child);
    }
  }
  return found;
};

const childrenOf = (pid: number): readonly number[] =>
  entriesOf(`/proc/${pid}/task`).flatMap((thread) =>
    textOf(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );

/** Processes whose environment holds `NAME=value`: also those that left the group and their parent. */
export const processesMarked = (mark: string): readonly number[] => {
  const wanted = Buffer.from(`${mark}\0`);
  return entriesOf('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid)?.includes(wanted) === true);
};

/** There is such a process, and it is more than an entry that nobody has collected yet. */
export const isAlive = (pid: number): boolean => {
  const status = textOf(`/proc/${pid}/stat`);
  return status !== '' && !/^[ZX]/.test(status.slice(status.lastIndexOf(')') + 2));
};

/** Memory of all of them together; exact only where it exceeds `limitBytes`. */
export const memoryOf = (pids: readonly number[], limitBytes: number): number => {
  const resident = sum(pids.map((pid) => kibibytesOf(`/proc/${pid}/status`, /^VmRSS:\s+(\d+)/m)));
  if (resident <= limitBytes) return resident;
  // Pages that several share count for each of them above, once here; this is slower to read.
  return sum(pids.map((pid) => kibibytesOf(`/proc/${pid}/smaps_rollup`, /^Pss:\s+(\d+)/m)));
};

const kibibytesOf = (path: string, pattern: RegExp): number =>
  Number(pattern.exec(textOf(path))?.[1] ?? 0) * 1_024;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

// A process may be gone, or another user's, at any moment: then it has nothing to tell.
const textOf = (path: string): string => bytesOf(path)?.toString('latin1') ?? '';

/** More than any of these files holds, but for an environment that nobody has. */
const READ_BYTES = 256 * 2 ** 10;
/** Scratch of the thread: these reads come by the hundred. */
const SCRATCH = Buffer.allocUnsafeSlow(READ_BYTES);

/** Valid until the next call. One read gives all of it: the end is not asked for, as it is asked of every process. */
const environmentOf = (pid: number): Buffer | null =>
  reading(`/proc/${pid}/environ`, (fd) => readSync(fd, SCRATCH, 0, READ_BYTES, null));

/** Valid until the next call. */
const bytesOf = (path: string): Buffer | null =>
  reading(path, (fd) => {
    let length = 0;
    for (let read; (read = readSync(fd, SCRATCH, length, READ_BYTES - length, null)) > 0;) length += read;
    return length;
  });

const reading = (path: string, read: (fd: number) => number): Buffer | null => {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    return SCRATCH.subarray(0, read(fd));
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
};
const entriesOf = (path: string): readonly string[] => {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
};
