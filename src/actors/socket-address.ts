// Claims the place of the daemon's socket: a private directory, and a lock that says whose it is.
// The lock is the kernel's (flock): it ends with the process however that ends, so whatever lies at the socket's path
// while we hold it is stale, unless something that takes no lock listens there.

import {
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { CodexpcError, addressInUse, messageOf, socketUnusable } from '../errors.js';
import { maxSocketPathBytes } from '../ipc/socket-path.js';
import type { SystemCalls } from './system-calls.js';

export interface ClaimOptions {
  readonly path: string;
  readonly uid: number;
  readonly pid: number;
  readonly calls: Pick<SystemCalls, 'lockFile'>;
}

export interface Claim {
  /** Removes a dead socket, after making sure that nothing answers there. */
  clearStaleSocket(): Promise<void>;
  /** Lets another daemon have the place. Twice is harmless. */
  release(): void;
}

/** Errors: address_in_use (with the holder's pid), io_error. */
export const claimSocketAddress = ({ path, uid, pid, calls }: ClaimOptions): Claim => {
  const limit = maxSocketPathBytes(process.platform);
  if (Buffer.byteLength(path) > limit) {
    throw socketUnusable(path, `the path is longer than the system's ${limit} bytes; choose a shorter one`);
  }
  preparePrivateDirectory(dirname(path), path, uid);
  const lockPath = `${path}.lock`;
  const lock = openLock(lockPath, path);
  if (!calls.lockFile(lock)) {
    closeSync(lock);
    throw addressInUse(path, readPid(lockPath));
  }
  ftruncateSync(lock);
  writeSync(lock, `${pid}\n`, 0);

  let held = true;
  return {
    clearStaleSocket: () => clearStaleSocket(path),
    release: () => {
      if (!held) return;
      held = false;
      closeSync(lock); // the file stays: removing it could take another daemon's lock away
    },
  };
};

// Under /tmp anyone may have made the directory first; then it is not ours, and using it would give them our socket.
const preparePrivateDirectory = (directory: string, path: string, uid: number): void => {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const stats = lstatSync(directory);
    if (!stats.isDirectory()) throw socketUnusable(path, `${directory} is not a directory; remove it`);
    if (stats.uid !== uid)
      throw socketUnusable(path, `${directory} belongs to another user; set XDG_RUNTIME_DIR`);
    if ((stats.mode & 0o022) !== 0)
      throw socketUnusable(path, `others may write to ${directory}; run 'chmod 700 ${directory}'`);
    if ((stats.mode & 0o077) !== 0) chmodSync(directory, 0o700);
  } catch (error) {
    throw asSocketError(error, path);
  }
};

const openLock = (lockPath: string, path: string): number => {
  try {
    return openSync(lockPath, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    throw asSocketError(error, path);
  }
};

const readPid = (lockPath: string): number | null => {
  const pid = Number.parseInt(readFileSync(lockPath, 'utf8'), 10);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
};

const clearStaleSocket = async (path: string): Promise<void> => {
  try {
    if (!lstatSync(path).isSocket())
      throw socketUnusable(path, 'a file that is no socket is there; remove it');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw asSocketError(error, path);
  }
  if (await answers(path)) throw addressInUse(path, null);
  rmSync(path, { force: true });
};

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const asSocketError = (error: unknown, path: string): Error =>
  error instanceof CodexpcError ? error : socketUnusable(path, messageOf(error), error);
