// What the system tells of a daemon and the processes that it has begun (Linux: /proc), and what their heaps hold once
// their garbage is collected (heap-probe.ts).

import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { childrenOf } from '../faults/observer.js';

export interface Sample {
  /** Memory that no file backs, of the daemon's own process and of the engine's where it has one. */
  readonly anonymousMb: number;
  readonly engineAnonymousMb: number;
  readonly residentMb: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly processes: number;
  readonly temporaryFiles: number;
}

interface Collected {
  readonly allocatedMb: number;
  readonly heaps: readonly Heap[];
}

interface Heap {
  readonly thread: string;
  readonly mb: number;
  /** Of them. */
  readonly codeMb: number;
  /** What V8 keeps, used or not. */
  readonly committedMb: number;
}

/** Of a daemon with nothing to do, its garbage collected. */
export interface SettledSample extends Sample {
  readonly atMs: number;
  /** What V8's heaps hold besides compiled code, of all threads that last. */
  readonly heapsMb: number;
  readonly codeMb: number;
  /** Memory that no file backs, of all processes, less what V8 says it keeps for heaps, touched or not: within megabytes. */
  readonly nativeMb: number;
  /** What native code of all processes has allocated and not freed. */
  readonly allocatedMb: number;
  /** Of each, by the file that it runs. */
  readonly heaps: readonly Heap[];
}

const KB_IN_MB = 1024;
const BYTES_IN_MB = 2 ** 20;
/** A whole collection of every thread; far longer where the machine is busy with others. */
const COLLECTION_LIMIT_MS = 60_000;
/** Piscina's: the threads that run tools come and go with what is asked for. */
const PASSING_THREAD = 'worker.js';

const HEAP_PROBE = new URL('./heap-probe.js', import.meta.url);
export const PROBE_FLAGS: readonly string[] = ['--import', HEAP_PROBE.href];
export const probeEnv = (folder: string): NodeJS.ProcessEnv => ({ SOAK_HEAPS: folder });

export interface Probed {
  readonly pid: number;
  readonly temporaryFolder: string;
  /** What `probeEnv` was given. */
  readonly heapFolder: string;
}

export const sampleOf = ({ pid, temporaryFolder }: Probed): Sample => {
  const children = childrenOf(pid);
  return {
    anonymousMb: anonymousMbOf(pid),
    engineAnonymousMb: enginesOf(pid).reduce((sum, engine) => sum + anonymousMbOf(engine), 0),
    residentMb: numberIn(`/proc/${pid}/status`, 'VmRSS') / KB_IN_MB,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: numberIn(`/proc/${pid}/status`, 'Threads'),
    processes: children.length,
    temporaryFiles: numFiles(temporaryFolder),
  };
};

/** Has garbage collected first. */
export const settledSampleOf = async (probed: Probed): Promise<SettledSample> => {
  const processes = [probed.pid, ...enginesOf(probed.pid)];
  const collected = await Promise.all(processes.map((pid) => collect(pid, probed.heapFolder)));
  const heaps = collected.flatMap((each) => each.heaps);
  const allocatedMb = collected.reduce((sum, each) => sum + each.allocatedMb, 0);
  const lasting = heaps.filter(({ thread }) => thread !== PASSING_THREAD);
  const codeMb = lasting.reduce((sum, heap) => sum + heap.codeMb, 0);
  const heapsMb = lasting.reduce((sum, { mb }) => sum + mb, 0) - codeMb;
  const sample = sampleOf(probed);
  const committedMb = heaps.reduce((sum, heap) => sum + heap.committedMb, 0);
  const nativeMb = sample.anonymousMb + sample.engineAnonymousMb - committedMb;
  return { ...sample, atMs: performance.now(), heapsMb, codeMb, nativeMb, allocatedMb, heaps };
};

const collect = async (pid: number, folder: string): Promise<Collected> => {
  const file = join(folder, String(pid));
  rmSync(file, { force: true });
  process.kill(pid, 'SIGUSR2');
  const deadline = performance.now() + COLLECTION_LIMIT_MS;
  while (performance.now() < deadline) {
    const [allocated, ...lines] = textOf(file).split('\n');
    if (lines.length > 1) return { allocatedMb: Number(allocated) / BYTES_IN_MB, heaps: lines.map(heapOf) };
    await sleep(50);
  }
  throw new Error(`process ${pid} did not tell what its heaps hold`);
};

const heapOf = (line: string): Heap => {
  const [thread = '', bytes, codeBytes, committedBytes] = line.split(' ');
  return {
    thread,
    mb: Number(bytes) / BYTES_IN_MB,
    codeMb: Number(codeBytes) / BYTES_IN_MB,
    committedMb: Number(committedBytes) / BYTES_IN_MB,
  };
};

const enginesOf = (pid: number): readonly number[] =>
  childrenOf(pid).filter((child) => /^Name:\tcodexpc-engine$/m.test(textOf(`/proc/${child}/status`)));

const anonymousMbOf = (pid: number): number => numberIn(`/proc/${pid}/smaps_rollup`, 'Anonymous') / KB_IN_MB;

/** 0 of a process that has ended meanwhile. */
const numberIn = (file: string, field: string): number =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(textOf(file))?.[1] ?? 0);

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // not there, or not any more
  }
};

const numFiles = (folder: string): number => {
  try {
    return readdirSync(folder).reduce((sum, name) => {
      const path = join(folder, name);
      return sum + (statSync(path).isDirectory() ? numFiles(path) : 1);
    }, 0);
  } catch {
    return 0; // a folder that was removed meanwhile
  }
};
