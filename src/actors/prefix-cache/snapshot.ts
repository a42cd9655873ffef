// What a slot held of a prompt's beginning, apart from the slot.

import { createHash } from 'node:crypto';
import { sharedLength } from '../prefix.js';

/** `base`: the instructions and tools that many conversations begin with. */
export type SnapshotKind = 'base' | 'conversation';

export interface SnapshotSummary {
  readonly kind: SnapshotKind;
  readonly tokens: Uint32Array;
  /** Lengths at which it can be resumed at once, ascending. */
  readonly checkpoints: readonly number[];
  readonly numBytes: number;
}

export interface Snapshot extends SnapshotSummary {
  /** The engine's own bytes, in shared memory: the disk's thread reads and writes them in place. */
  readonly bytes: Uint8Array;
}

/** A snapshot not yet taken. */
export interface SnapshotSource extends SnapshotSummary {
  write(bytes: Uint8Array): void;
}

/** How many tokens of the prompt a slot would hold after the snapshot was restored into it, at the least. */
export const resumableLength = ({ tokens, checkpoints }: SnapshotSummary, prompt: Uint32Array): number => {
  const shared = sharedLength(tokens, prompt);
  return checkpoints.findLast((position) => position <= shared) ?? 0;
};

export const tokensKey = (tokens: Uint32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength))
    .digest('hex')
    .slice(0, 32);

export const isPrefixOf = (tokens: Uint32Array, other: Uint32Array): boolean =>
  tokens.length <= other.length && tokens.every((token, index) => token === other[index]);
