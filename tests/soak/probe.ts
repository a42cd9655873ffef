// What the system tells of a daemon and the processes that it has begun (Linux: /proc).

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { childrenOf } from '../faults/observer.js';

export interface Sample {
  /** Of the daemon's own process, and of the engine's where it has one. */
  readonly rssMb: number;
  readonly engineRssMb: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly processes: number;
  readonly temporaryFiles: number;
}

const MB = 1024;

export const sampleOf = (pid: number, temporaryFolder: string): Sample => {
  const daemon = statusOfProcess(pid);
  const children = childrenOf(pid);
  return {
    rssMb: daemon.rssKb / MB,
    engineRssMb: children
      .map(statusOfProcess)
      .reduce((sum, { name, rssKb }) => sum + (name === 'codexpc-engine' ? rssKb / MB : 0), 0),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: daemon.threads,
    processes: children.length,
    temporaryFiles: numFiles(temporaryFolder),
  };
};

const statusOfProcess = (pid: number) => {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    // It has ended meanwhile, and holds nothing.
  }
  const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(text)?.[1] ?? '';
  return { name: field('Name'), rssKb: Number(field('VmRSS')), threads: Number(field('Threads')) };
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
