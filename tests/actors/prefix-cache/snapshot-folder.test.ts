import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { createSnapshotFolder } from '../../../src/actors/prefix-cache/snapshot-folder.js';
import type { Snapshot } from '../../../src/actors/prefix-cache/snapshot.js';

const range = (length: number, from = 0): Uint32Array => Uint32Array.from({ length }, (_, i) => from + i);
const snapshot = (tokens: Uint32Array, kind: Snapshot['kind'] = 'base', numBytes = 5_000): Snapshot => {
  const bytes = new Uint8Array(new SharedArrayBuffer(numBytes)).fill(tokens.length % 251);
  return { kind, tokens, checkpoints: [100, tokens.length], numBytes, bytes };
};

describe('snapshot folder', () => {
  let parent = '';
  let folder = '';
  let notes: string[] = [];
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'codexpc-prefix-'));
    folder = join(parent, 'cache', 'prefixes');
    notes = [];
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  const open = (identity = 'model A', boundBytes = 10 ** 7) => {
    const snapshots = createSnapshotFolder({
      folder,
      boundBytes,
      identity,
      note: ({ level, message }) => notes.push(`${level}: ${message}`),
    });
    return { ...snapshots, found: snapshots.open() };
  };
  const files = (): string[] => readdirSync(folder);
  const onlyFile = (): string => join(folder, files()[0]!);

  test('what was written is found by the next start, and readable for its owner alone', () => {
    const tokens = range(300);
    expect(open().write(snapshot(tokens))).toBe(true);
    const next = open();
    expect(next.found).toEqual([{ kind: 'base', tokens, checkpoints: [100, 300], numBytes: 5_000 }]);
    expect(next.read(tokens)?.bytes).toEqual(snapshot(tokens).bytes);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(onlyFile()).mode & 0o777).toBe(0o600);
  });

  test('a folder that others could read is closed', () => {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o755);
    open();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  test('other models do not see it, and leave it', () => {
    open().write(snapshot(range(300)));
    expect(open('model B').found).toEqual([]);
    expect(open().found).toHaveLength(1);
  });

  test.each<[string, (path: string) => void]>([
    ['a flipped bit of the numbers', (path) => flip(path, statSync(path).size - 100)],
    ['a flipped bit of the checksum', (path) => flip(path, statSync(path).size - 1)],
  ])('%s is found when it is read; the file goes, with a line in the log', (_, damage) => {
    const tokens = range(300);
    open().write(snapshot(tokens));
    damage(onlyFile());
    expect(open().read(tokens)).toBeNull();
    expect(files()).toEqual([]);
    expect(notes.at(-1)).toMatch(/^warn: a kept prefix was discarded: its checksum/);
  });

  test.each<[string, (path: string) => void]>([
    ['a longer file', (path) => appendFileSync(path, 'x')],
    ['a header longer than the file', (path) => write32(path, 20, 0xffff)],
    ['more tokens than the file holds', (path) => replace(path, '"numTokens":300', '"numTokens":999')],
    ['a version of before', (path) => write32(path, 16, 0)],
    ['a shorter file', (path) => truncateSync(path, statSync(path).size - 1)],
    ['an empty file', (path) => truncateSync(path, 0)],
    ['a version to come', (path) => write32(path, 16, 2)],
    ['another program', (path) => flip(path, 0)],
    ['a damaged header', (path) => flip(path, 24)],
    ['other tokens than its name says', (path) => flip(path, 24 + readFileSync(path).readUInt32LE(20))],
    ['the identity of another model', (path) => replace(path, 'model A', 'model B')],
    ['a link to elsewhere', (path) => link(path)],
  ])('%s is discarded at the start, with a line in the log', (_, damage) => {
    open().write(snapshot(range(300)));
    damage(onlyFile());
    expect(open().found).toEqual([]);
    expect(files()).toEqual([]);
    expect(notes.at(-1)).toMatch(/^warn: a kept prefix was discarded/);
  });

  test('a bit flipped anywhere, or a file cut off anywhere, is never given back', () => {
    const tokens = range(300);
    open().write(snapshot(tokens));
    const path = onlyFile();
    const whole = readFileSync(path);
    const damaged = fc.oneof(
      fc.nat({ max: whole.length * 8 - 1 }).map((bit) => {
        const bytes = Buffer.from(whole);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        return bytes;
      }),
      fc.nat({ max: whole.length - 1 }).map((length) => whole.subarray(0, length)),
      fc.uint8Array({ minLength: 1, maxLength: 64 }).map((more) => Buffer.concat([whole, more])),
    );
    fc.assert(
      fc.property(damaged, (bytes) => {
        writeFileSync(path, bytes);
        expect(open().read(tokens)).toBeNull();
        expect(files()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('another user’s folder, or a link to one of ours, is not used', () => {
    const real = join(parent, 'real');
    mkdirSync(real);
    symlinkSync(real, join(parent, 'link'));
    folder = join(parent, 'link');
    expect(open).toThrow('is not a folder of this user');
    folder = real;
    const uid = process.getuid!();
    const getuid = jest.spyOn(process as { getuid: () => number }, 'getuid').mockReturnValue(uid + 1);
    expect(open).toThrow('is not a folder of this user');
    getuid.mockRestore();
  });

  test('stays within its bound; the least recently used goes first', () => {
    const snapshots = open('model A', 90_000);
    snapshots.write(snapshot(range(300), 'base', 10_000));
    snapshots.write(snapshot(range(301, 1000), 'base', 10_000));
    for (const [index, name] of files().entries()) utimesSync(join(folder, name), index, index);
    const [first] = files();
    expect(snapshots.write(snapshot(range(302, 2000), 'base', 10_000))).toBe(true);
    expect(files()).toHaveLength(2);
    expect(files()).not.toContain(first);
    expect(snapshots.write(snapshot(range(303, 3000), 'base', 90_001))).toBe(false);
    expect(files()).toHaveLength(2);
    open('model B', 1);
    expect(files()).toEqual([]);
  });

  test('a conversation that has grown takes the place of what it was; bases stay', () => {
    const snapshots = open();
    snapshots.write(snapshot(range(300), 'base'));
    snapshots.write(snapshot(range(400), 'conversation'));
    snapshots.write(snapshot(range(500), 'conversation'));
    expect(
      open()
        .found.map(({ tokens }) => tokens.length)
        .sort(),
    ).toEqual([300, 500]);
  });

  test('what a dead daemon did not finish is removed, what another one is writing is left', () => {
    open();
    const old = join(folder, `${'a'.repeat(16)}-${'b'.repeat(32)}.prefix.1.tmp`);
    const dead = join(folder, `${'a'.repeat(16)}-${'b'.repeat(32)}.prefix.999999999.tmp`);
    const fresh = join(folder, `${'a'.repeat(16)}-${'b'.repeat(32)}.prefix.${process.ppid}.tmp`);
    const foreign = join(folder, 'notes.txt');
    for (const path of [old, dead, fresh, foreign]) writeFileSync(path, '');
    utimesSync(old, 1, 1);
    utimesSync(foreign, 1, 1);
    open();
    expect([old, dead, fresh, foreign].map((path) => existsSync(path))).toEqual([false, false, true, true]);
  });
});

const flip = (path: string, at: number): void => {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
};

const write32 = (path: string, at: number, value: number): void => {
  const bytes = readFileSync(path);
  bytes.writeUInt32LE(value, at);
  writeFileSync(path, bytes);
};

const replace = (path: string, from: string, to: string): void =>
  writeFileSync(path, Buffer.from(readFileSync(path).toString('latin1').replace(from, to), 'latin1'));

const link = (path: string): void => {
  rmSync(path);
  symlinkSync('/etc/passwd', path);
};
