// One snapshot as a file: what it is of, its tokens, the engine's bytes, and a checksum over all of it. Synchronous,
// for a thread that does nothing else.

import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync, utimesSync } from 'node:fs';
import { endianness } from 'node:os';
import * as z from 'zod';
import { writeWholeFile } from '../../whole-file.js';
import type { Snapshot, SnapshotSummary } from './snapshot.js';

const MAGIC = Buffer.from('codexpc prefix\n\0');
const VERSION = 1;
const PREAMBLE_BYTES = MAGIC.length + 8; // magic, version, bytes of the header
const DIGEST_BYTES = 32;
const MAX_HEADER_BYTES = 1 << 16;
const MAX_TOKENS = 1 << 20;
const PIECE_BYTES = 4 << 20;

const Header = z.strictObject({
  /** Everything that the bytes depend on; equal, or they are not for us. */
  identity: z.string(),
  endianness: z.enum(['LE', 'BE']),
  kind: z.enum(['base', 'conversation']),
  numTokens: z.int().min(1).max(MAX_TOKENS),
  checkpoints: z.array(z.int().min(0)).max(64),
  numBytes: z.int().min(1),
});

/** Why a file is not used; it is a sentence's end. */
export class UnusableSnapshot extends Error {}

/** Atomic: the file is there whole, or not at all. */
export const writeSnapshotFile = (path: string, identity: string, snapshot: Snapshot): void => {
  const { kind, tokens, checkpoints, numBytes, bytes } = snapshot;
  const header = Buffer.from(
    JSON.stringify({
      identity,
      endianness: endianness(),
      kind,
      numTokens: tokens.length,
      checkpoints: [...checkpoints],
      numBytes,
    } satisfies z.infer<typeof Header>),
  );
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  MAGIC.copy(preamble);
  preamble.writeUInt32LE(VERSION, MAGIC.length);
  preamble.writeUInt32LE(header.length, MAGIC.length + 4);

  writeWholeFile({ path, mode: 0o600, parts: withDigest([preamble, header, bytesOf(tokens), bytes]) });
};

function* withDigest(parts: readonly Uint8Array[]): Iterable<Uint8Array> {
  const hash = createHash('sha256');
  for (const part of parts) {
    for (let at = 0; at < part.length; at += PIECE_BYTES) {
      const piece = part.subarray(at, at + PIECE_BYTES);
      hash.update(piece);
      yield piece;
    }
  }
  yield hash.digest();
}

/** What a file says it holds; the checksum is for `readSnapshotFile`. Errors: UnusableSnapshot, those of the file. */
export const readSnapshotSummary = (path: string, identity: string): SnapshotSummary =>
  withFile(path, (file) => readHead(file, identity).summary);

/** Errors: UnusableSnapshot, those of the file. */
export const readSnapshotFile = (path: string, identity: string): Snapshot =>
  withFile(path, (file) => {
    const { summary, hash, numBytesRead } = readHead(file, identity);
    const bytes = new Uint8Array(new SharedArrayBuffer(summary.numBytes));
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      readWhole(file, piece, numBytesRead + at);
      hash.update(piece);
    }
    const digest = Buffer.alloc(DIGEST_BYTES);
    readWhole(file, digest, numBytesRead + bytes.length);
    if (!digest.equals(hash.digest())) throw new UnusableSnapshot('its checksum does not match');
    const now = new Date();
    utimesSync(path, now, now); // the least recently used goes first
    return { ...summary, bytes };
  });

const readHead = (file: number, identity: string) => {
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  readWhole(file, preamble, 0);
  if (!preamble.subarray(0, MAGIC.length).equals(MAGIC)) throw new UnusableSnapshot('it is no snapshot');
  const version = preamble.readUInt32LE(MAGIC.length);
  if (version !== VERSION) throw new UnusableSnapshot(`it is of version ${version}, this is ${VERSION}`);
  const headerBytes = preamble.readUInt32LE(MAGIC.length + 4);
  if (headerBytes > MAX_HEADER_BYTES) throw new UnusableSnapshot('its header is too long');
  const header = Buffer.alloc(headerBytes);
  readWhole(file, header, PREAMBLE_BYTES);
  const {
    identity: written,
    endianness: order,
    kind,
    numTokens,
    checkpoints,
    numBytes,
  } = parseHeader(header);
  if (written !== identity || order !== endianness()) {
    throw new UnusableSnapshot('it is of another model, setting or machine');
  }
  const tokenBytes = Buffer.alloc(numTokens * Uint32Array.BYTES_PER_ELEMENT);
  const numBytesRead = PREAMBLE_BYTES + headerBytes + tokenBytes.length;
  const size = fstatSync(file).size;
  if (size !== numBytesRead + numBytes + DIGEST_BYTES) {
    throw new UnusableSnapshot(`it has ${size} bytes instead of ${numBytesRead + numBytes + DIGEST_BYTES}`);
  }
  readWhole(file, tokenBytes, PREAMBLE_BYTES + headerBytes);
  const hash = createHash('sha256').update(preamble).update(header).update(tokenBytes);
  const tokens = new Uint32Array(Uint8Array.from(tokenBytes).buffer);
  const summary: SnapshotSummary = { kind, tokens, checkpoints, numBytes };
  return { summary, hash, numBytesRead };
};

const parseHeader = (bytes: Buffer): z.infer<typeof Header> => {
  try {
    return Header.parse(JSON.parse(bytes.toString('utf8')));
  } catch (cause) {
    throw new UnusableSnapshot('its header cannot be read', { cause });
  }
};

const withFile = <Value>(path: string, use: (file: number) => Value): Value => {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
};

const readWhole = (file: number, bytes: Uint8Array, position: number): void => {
  for (let done = 0; done < bytes.length;) {
    const count = readSync(file, bytes, done, bytes.length - done, position + done);
    if (count === 0) throw new UnusableSnapshot('it ends too early');
    done += count;
  }
};

const bytesOf = (tokens: Uint32Array): Uint8Array =>
  new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
