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

/** How far the system has come in numbering processes. */
export interface ProcessCount {
  readonly lastPid: number;
  /** Since the system started. */
  readonly numForks: number;
}

/** null: the system does not tell. */
export const countProcesses = (): ProcessCount | null => {
  const lastPid = Number(/ (\d+)\n$/.exec(textOf('/proc/loadavg'))?.[1]);
  const numForks = Number(/^processes (\d+)$/m.exec(textOf('/proc/stat'))?.[1]);
  return lastPid > 0 && numForks > 0 ? { lastPid, numForks } : null;
};

/** Fewer than any system has numbers for: these have not come round to where they were. */
const MAX_FORKS = 16_384;
/** As many numbers are tried one by one. */
const MAX_TRIED = 64;

/**
 * Processes whose environment holds `NAME=value`: also those that left the group and their parent. All of them were
 * started after `since`.
 */
export const processesMarked = (mark: string, since: ProcessCount | null): readonly number[] => {
  const wanted = Buffer.from(`${mark}\0`);
  return pidsSince(since).filter(
    (pid) => pid !== process.pid && environmentOf(pid)?.includes(wanted) === true && !isThread(pid),
  );
};

/** Threads have numbers as well, which /proc knows without listing them. */
const isThread = (pid: number): boolean => !textOf(`/proc/${pid}/status`).includes(`\nTgid:\t${pid}\n`);

/** Looking at a process takes some 10 µs, and a machine has hundreds. */
const pidsSince = (since: ProcessCount | null): readonly number[] => {
  const now = since === null ? null : countProcesses();
  if (since === null || now === null || now.numForks - since.numForks > MAX_FORKS) return allPids();
  const numNew = now.lastPid - since.lastPid;
  if (numNew >= 0 && numNew <= MAX_TRIED)
    return Array.from({ length: numNew }, (_, index) => since.lastPid + 1 + index);
  const isNew = (pid: number): boolean =>
    numNew >= 0 ? pid > since.lastPid && pid <= now.lastPid : pid > since.lastPid || pid <= now.lastPid;
  return allPids().filter(isNew);
};

const allPids = (): readonly number[] =>
  entriesOf('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

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
