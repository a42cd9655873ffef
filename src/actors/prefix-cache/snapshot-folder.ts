// The folder of snapshots, of all models: which of them are ours, how much they take together, and which go first.

import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync, statfsSync, type Stats } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { isSnapshotFile, SNAPSHOT_SUFFIX } from '../../config/place.js';
import { isAbandoned } from '../../whole-file.js';
import type { EngineNote } from '../engine-frames.js';
import { isPrefixOf, type Snapshot, type SnapshotSummary, tokensKey } from './snapshot.js';
import {
  readSnapshotFile,
  readSnapshotSummary,
  UnusableSnapshot,
  writeSnapshotFile,
} from './snapshot-file.js';

export interface SnapshotFolderOptions {
  readonly folder: string;
  readonly boundBytes: number;
  /** Everything that a snapshot's bytes depend on. */
  readonly identity: string;
  readonly note: (note: EngineNote) => void;
}

export interface SnapshotFolder {
  /** Makes the folder, removes what cannot be used, and lists what is of this identity. */
  open(): readonly SnapshotSummary[];
  /** Null: it was unusable and has been removed, or is gone. */
  read(tokens: Uint32Array): Snapshot | null;
  /** False: it was not written. Conversations that this one continues go, and the oldest ones beyond the bound. */
  write(snapshot: Snapshot): boolean;
  remove(tokens: Uint32Array): void;
}

/** A disk is never filled further than this. */
const MIN_FREE_BYTES = 1 << 30;
/** What is older than this was left by a daemon that died, whoever has its pid now. */
const UNFINISHED_MS = 10 * 60_000;

export const createSnapshotFolder = (options: SnapshotFolderOptions): SnapshotFolder => {
  const { folder, boundBytes, identity, note } = options;
  const prefix = createHash('sha256').update(identity).digest('hex').slice(0, 16);
  const known = new Map<string, SnapshotSummary>();
  const nameOf = (tokens: Uint32Array): string => `${prefix}-${tokensKey(tokens)}${SNAPSHOT_SUFFIX}`;

  const discard = (name: string, error: unknown): void => {
    known.delete(name);
    if (isMissing(error)) return;
    rmSync(join(folder, name), { force: true });
    const reason = error instanceof UnusableSnapshot ? error.message : String(error);
    note({ level: 'warn', message: `a kept prefix was discarded: ${reason}`, fields: { file: name } });
  };

  const makeRoom = (numBytes: number): void => {
    const files = filesOf(folder).sort((left, right) => left.stats.mtimeMs - right.stats.mtimeMs);
    let total = numBytes + files.reduce((sum, { stats }) => sum + stats.size, 0);
    for (const { name, stats } of files) {
      if (total <= boundBytes) return;
      rmSync(join(folder, name), { force: true });
      known.delete(name);
      total -= stats.size;
    }
  };

  const hasRoom = (numBytes: number): boolean => {
    const { bavail, bsize } = statfsSync(folder);
    return numBytes <= boundBytes && bavail * bsize - numBytes >= MIN_FREE_BYTES;
  };

  return {
    open: () => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const stats = lstatSync(folder);
      if (!stats.isDirectory() || stats.uid !== process.getuid?.()) {
        throw new UnusableSnapshot(`${folder} is not a folder of this user`);
      }
      if ((stats.mode & 0o077) !== 0) chmodSync(folder, 0o700);
      for (const { name, stats: file } of filesOf(folder)) {
        const isUnfinished = !name.endsWith(SNAPSHOT_SUFFIX);
        if (isUnfinished && (isAbandoned(name) || Date.now() - file.mtimeMs > UNFINISHED_MS))
          rmSync(join(folder, name), { force: true });
        if (isUnfinished || !name.startsWith(`${prefix}-`)) continue;
        try {
          const summary = readSnapshotSummary(join(folder, name), identity);
          if (nameOf(summary.tokens) !== name) throw new UnusableSnapshot('its name is of other tokens');
          known.set(name, summary);
        } catch (error) {
          discard(name, error);
        }
      }
      makeRoom(0);
      return [...known.values()];
    },
    read: (tokens) => {
      const name = nameOf(tokens);
      try {
        return readSnapshotFile(join(folder, name), identity);
      } catch (error) {
        discard(name, error);
        return null;
      }
    },
    write: (snapshot) => {
      const name = nameOf(snapshot.tokens);
      for (const [other, { kind, tokens }] of known) {
        if (kind !== 'conversation' || !isPrefixOf(tokens, snapshot.tokens)) continue;
        rmSync(join(folder, other), { force: true });
        known.delete(other);
      }
      const { tokens, numBytes } = snapshot;
      const fileBytes = numBytes + tokens.byteLength + (1 << 16); // at most, with its header
      if (!hasRoom(fileBytes)) {
        note({ level: 'info', message: 'a prefix is not kept: no room', fields: { numBytes, folder } });
        return false;
      }
      makeRoom(fileBytes);
      try {
        writeSnapshotFile(join(folder, name), identity, snapshot);
      } catch (error) {
        note({
          level: 'warn',
          message: `a prefix could not be kept: ${error instanceof Error ? error.message : String(error)}`,
          fields: { folder },
        });
        return false;
      }
      const { kind, checkpoints } = snapshot;
      known.set(name, { kind, tokens, checkpoints, numBytes });
      note({
        level: 'info',
        message: 'kept a prefix on disk',
        fields: { kind, numTokens: tokens.length, numBytes },
      });
      return true;
    },
    remove: (tokens) => {
      known.delete(nameOf(tokens));
      rmSync(join(folder, nameOf(tokens)), { force: true });
    },
  };
};

const filesOf = (folder: string): { readonly name: string; readonly stats: Stats }[] =>
  readdirSync(folder)
    .filter(isSnapshotFile)
    .flatMap((name) => {
      try {
        return [{ name, stats: lstatSync(join(folder, name)) }];
      } catch (error) {
        if (isMissing(error)) return []; // another daemon has removed it
        throw error;
      }
    });

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';
