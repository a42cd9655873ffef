// Puts a file in its place whole or not at all: it is written beside it, brought to the disk, and renamed. A process
// that dies meanwhile leaves the old file, and the unfinished one to be removed by the next that writes there.

import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface WholeFile {
  readonly path: string;
  /** Whatever the umask. */
  readonly mode: number;
  readonly parts: Iterable<Uint8Array>;
}

/** For one thread of a process at a time. Throws the system's error; then the old file is there, and no other. */
export const writeWholeFile = ({ path, mode, parts }: WholeFile): void => {
  removeAbandoned(path);
  const unfinished = `${path}.${process.pid}.tmp`;
  rmSync(unfinished, { force: true }); // of a dead process whose pid has come to be ours
  try {
    fill(unfinished, mode, parts);
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
};

/** Whether the name is that of an unfinished file, and the process that was writing it has gone. */
export const isAbandoned = (name: string): boolean => {
  const pid = /\.(\d+)\.tmp$/.exec(name)?.[1];
  return pid !== undefined && !isRunning(Number(pid));
};

export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // another user's: it runs
  }
};

/** A rename is on disk when its folder is. */
export const syncFolder = (folder: string): void => {
  const handle = openSync(folder, constants.O_RDONLY);
  try {
    fsyncSync(handle);
  } catch (error) {
    // Some network file systems do not know this; the rename itself has been done.
    if (!['EINVAL', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  } finally {
    closeSync(handle);
  }
};

const removeAbandoned = (path: string): void => {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(prefix) && /^\d+\.tmp$/.test(name.slice(prefix.length)) && isAbandoned(name)) {
      rmSync(join(folder, name), { force: true });
    }
  }
};

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;

const fill = (path: string, mode: number, parts: Iterable<Uint8Array>): void => {
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    for (const part of parts) {
      for (let done = 0; done < part.length;) done += writeSync(file, part, done, part.length - done);
    }
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};
