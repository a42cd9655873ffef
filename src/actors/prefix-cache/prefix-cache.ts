// Prefixes whose slots were given to others: in memory, and on disk for the next life of the daemon.
//
// Two kinds are kept. Bases (instructions and tools) that more than one request began with go to disk as soon as the
// engine is idle. Conversations stay in memory when their slot is taken, and go to disk when the model is unloaded or
// the daemon stops, not after every turn: a turn of a large model is hundreds of megabytes.

import type { EngineNote } from '../engine-frames.js';
import type { GarbageMeter } from './garbage-meter.js';
import {
  isPrefixOf,
  resumableLength,
  type Snapshot,
  type SnapshotSource,
  type SnapshotSummary,
  tokensKey,
} from './snapshot.js';

export type { Snapshot } from './snapshot.js';

export interface PrefixCache {
  /** Something outlives the daemon. */
  readonly persists: boolean;
  /** Takes the snapshot unless there is one of these tokens. `persist`: on disk too. */
  put(source: SnapshotSource, persist: boolean): void;
  /** A request begins with these tokens. */
  countUse(base: Uint32Array): void;
  /** Long, used more than once, and not kept yet. */
  isHotBase(base: Uint32Array): boolean;
  /** The snapshot in memory (or `fetched`) to go on from, if it saves more than the `numShared` tokens of a slot. */
  best(prompt: Uint32Array, fetched: Snapshot | null, numShared: number): Snapshot | null;
  /** It could not be restored. */
  discard(snapshot: Snapshot, error: unknown): void;
  /** Reads from disk what saves more than `numShared` tokens; null at once when there is nothing. */
  fetch(prompt: Uint32Array, numShared: number): Promise<Snapshot | null> | null;
  /** Waits until everything is on disk. */
  flush(): Promise<void>;
  close(): void;
}

/** The disk as the cache uses it; its work is done by a thread of its own. */
export interface SnapshotDisk {
  readonly boundBytes: number;
  /** What there was for this model when it was opened, and has been written since. */
  list(): readonly SnapshotSummary[];
  /** Null when it turned out to be unusable. */
  read(summary: SnapshotSummary): Promise<Snapshot | null>;
  write(snapshot: Snapshot): void;
  remove(summary: SnapshotSummary): void;
  /** Resolves when everything asked for has been done. */
  flush(): Promise<void>;
  close(): void;
}

export interface PrefixCacheOptions {
  readonly memoryBytes: number;
  readonly disk: SnapshotDisk | null;
  readonly garbage: GarbageMeter;
  readonly note: (note: EngineNote) => void;
}

/** Shorter prefixes are fed again sooner than they are found. */
const MIN_KEPT_TOKENS = 256;
/** Restoring costs about as much as feeding this many tokens to a small model. */
const MIN_SAVED_TOKENS = 256;
const MIN_BASE_USES = 2;
const NUM_COUNTED_BASES = 64;

export const createPrefixCache = ({ memoryBytes, disk, garbage, note }: PrefixCacheOptions): PrefixCache => {
  /** By the tokens' key, the least recently used first. */
  const inMemory = new Map<string, Snapshot>();
  const uses = new Map<string, number>();
  /** Bases that were offered to the disk: one that it refused is not offered again. */
  const offered = new Set<string>();
  let usedBytes = 0;

  const forget = (key: string): void => {
    usedBytes -= inMemory.get(key)?.numBytes ?? 0;
    inMemory.delete(key);
  };

  const letGo = (key: string): void => {
    garbage.add(inMemory.get(key)?.numBytes ?? 0);
    forget(key);
  };

  const remember = (key: string, snapshot: Snapshot): void => {
    forget(key);
    if (snapshot.numBytes > memoryBytes) {
      garbage.add(snapshot.numBytes);
      return;
    }
    for (const [other, { kind, tokens }] of inMemory) {
      if (kind === 'conversation' && isPrefixOf(tokens, snapshot.tokens)) letGo(other); // the same, grown
    }
    inMemory.set(key, snapshot);
    usedBytes += snapshot.numBytes;
    for (const oldest of inMemory.keys()) {
      if (usedBytes <= memoryBytes) break;
      letGo(oldest);
    }
  };

  const onDisk = (key: string): boolean =>
    disk?.list().some(({ tokens }) => tokensKey(tokens) === key) ?? false;

  const bestOf = <Found extends SnapshotSummary>(
    snapshots: Iterable<Found>,
    prompt: Uint32Array,
    numShared: number,
  ): Found | null => {
    let best: Found | null = null;
    let length = numShared + MIN_SAVED_TOKENS - 1;
    for (const snapshot of snapshots) {
      const resumable = resumableLength(snapshot, prompt);
      if (resumable <= length) continue;
      best = snapshot;
      length = resumable;
    }
    return best;
  };

  return {
    persists: disk !== null,
    put: (source, persist) => {
      const { kind, tokens, checkpoints, numBytes } = source;
      if (tokens.length < MIN_KEPT_TOKENS) return;
      const key = tokensKey(tokens);
      const goesToDisk = persist && disk !== null && numBytes <= disk.boundBytes && !onDisk(key);
      const known = inMemory.get(key);
      if (known === undefined && !goesToDisk && numBytes > memoryBytes) return;
      const snapshot = known ?? take({ kind, tokens, checkpoints, numBytes, write: source.write });
      if (snapshot === null) {
        note({ level: 'warn', message: 'a prefix is not kept: no memory for it', fields: { numBytes } });
        return;
      }
      remember(key, snapshot);
      if (!goesToDisk) return;
      if (kind === 'base') offered.add(key);
      disk.write(snapshot);
    },
    countUse: (base) => {
      if (base.length < MIN_KEPT_TOKENS) return;
      const key = tokensKey(base);
      const count = (uses.get(key) ?? 0) + 1;
      uses.delete(key);
      uses.set(key, count);
      if (uses.size > NUM_COUNTED_BASES) uses.delete(uses.keys().next().value!);
    },
    isHotBase: (base) => {
      if (base.length < MIN_KEPT_TOKENS) return false;
      const key = tokensKey(base);
      if ((uses.get(key) ?? 0) < MIN_BASE_USES || offered.has(key)) return false;
      return !(disk === null ? inMemory.has(key) : onDisk(key));
    },
    best: (prompt, fetched, numShared) => {
      const found = bestOf([...inMemory.values(), ...(fetched === null ? [] : [fetched])], prompt, numShared);
      if (found !== null) remember(tokensKey(found.tokens), found);
      return found;
    },
    discard: (snapshot, error) => {
      letGo(tokensKey(snapshot.tokens));
      disk?.remove(snapshot);
      note({
        level: 'warn',
        message: 'a kept prefix could not be restored and was discarded',
        fields: { numTokens: snapshot.tokens.length, reason: error instanceof Error ? error.message : '' },
      });
    },
    fetch: (prompt, numShared) => {
      if (disk === null) return null;
      const known = Math.max(
        numShared,
        ...[...inMemory.values()].map((snapshot) => resumableLength(snapshot, prompt)),
      );
      const found = bestOf(disk.list(), prompt, known);
      return found === null ? null : disk.read(found);
    },
    flush: async () => disk?.flush(),
    close: () => {
      inMemory.clear();
      usedBytes = 0;
      disk?.close();
    },
  };
};

/** Null when the system has no memory for it: nothing but time is lost. */
const take = ({ write, ...summary }: SnapshotSource): Snapshot | null => {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(new SharedArrayBuffer(summary.numBytes));
  } catch {
    return null;
  }
  write(bytes);
  return { ...summary, bytes };
};
