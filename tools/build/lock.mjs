// One build at a time in a folder: two `npm start` at once, one builds, the other waits and then finds it done.
// The lock is a file made exclusively; its owner touches it each second, so that a dead owner is recognised.
import { closeSync, openSync, readFileSync, renameSync, linkSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { writing } from './failure.mjs';

const HEARTBEAT_MS = 1_000;
const DEAD_AFTER_MS = 60_000;
const RETRY_MS = 100;

/** Runs `work` while holding the lock file; calls `onWait` once if another process has it. */
export async function withLock({ path, folder, onWait }, work) {
  let waited = false;
  while (!writing(folder, () => tryLock(path))) {
    const owner = readOwner(path);
    if (owner !== null && isDead(path, owner)) {
      breakLock(path, owner);
      continue;
    }
    if (!waited) onWait(owner);
    waited = true;
    await delay(RETRY_MS);
  }
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
  const release = () => rmSync(path, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.off('exit', release);
    release();
  }
}

function tryLock(path) {
  try {
    const file = openSync(path, 'wx');
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The owner's pid; 0 when it has not written it yet; null when the lock is gone. */
function readOwner(path) {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

function isDead(path, owner) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return false;
  if (Date.now() - stat.mtimeMs > DEAD_AFTER_MS) return true;
  if (owner === 0) return false;
  try {
    process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Takes a dead owner's lock away. Renaming is atomic; if another waiter was faster, its lock is put back. */
function breakLock(path, owner) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (Number(readFileSync(aside, 'utf8')) !== owner) {
    try {
      linkSync(aside, path);
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
  }
  rmSync(aside, { force: true });
}

function touch(path) {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // The folder was removed under us; the build step itself will say so.
  }
}
