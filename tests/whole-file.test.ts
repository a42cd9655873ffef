import { spawnSync } from 'node:child_process';
import {
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { writeWholeFile } from '../src/whole-file.js';
import { WRITERS } from './fixtures/written-files.js';

jest.setTimeout(120_000); // a process for each call; on a busy machine

const PROGRAM = fileURLToPath(new URL('fixtures/killed-while-writing.js', import.meta.url));
/** Of the same length: a file that mixes them would have a right size. */
const OLD = 'old '.repeat(2_000).trimEnd();
const NEW = 'new '.repeat(2_000).trimEnd();

let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'codexpc-whole-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe.each(Object.keys(WRITERS))('a %s', (kind) => {
  const { write, read } = WRITERS[kind]!;

  test('is the old one or the new one wherever its writer is killed, and the next write leaves nothing else', () => {
    let numKills = 0;
    for (let ended = false; !ended;) {
      write(folder, OLD);
      const names = readdirSync(folder);
      const { status, signal } = spawnSync(process.execPath, [
        PROGRAM,
        kind,
        folder,
        NEW,
        String(numKills + 1),
      ]);
      ended = status === 0;
      if (!ended) {
        expect(signal).toBe('SIGKILL');
        numKills++;
      }
      const left = read(folder);
      expect([OLD, NEW]).toContain(left);
      write(folder, left === OLD ? NEW : OLD);
      expect(readdirSync(folder)).toEqual(names);
    }
    expect(read(folder)).not.toBeNull();
    expect(numKills).toBeGreaterThan(5);
  });
});

describe('a whole file', () => {
  const path = (): string => join(folder, 'file');
  const put = (text: string, mode = 0o600): void =>
    writeWholeFile({ path: path(), mode, parts: [Buffer.from(text)] });

  test.each([0o000, 0o077])('has its mode whatever the umask (%i)', (umask) => {
    const before = process.umask(umask);
    try {
      put('1', 0o600);
      expect(statSync(path()).mode & 0o777).toBe(0o600);
      put('2', 0o644);
      expect(statSync(path()).mode & 0o777).toBe(0o644);
    } finally {
      process.umask(before);
    }
  });

  test('leaves the old one and nothing beside it when its parts fail', () => {
    put('old');
    const parts = (function* () {
      yield Buffer.from('half');
      throw new Error('no more');
    })();
    expect(() => writeWholeFile({ path: path(), mode: 0o600, parts })).toThrow('no more');
    expect(readdirSync(folder)).toEqual(['file']);
  });

  test('is not written through a link that lies where it is prepared', () => {
    const precious = join(folder, 'precious');
    writeFileSync(precious, 'mine');
    symlinkSync(precious, `${path()}.${process.pid}.tmp`);
    put('new');
    expect(statSync(precious).size).toBe(4);
    expect(readdirSync(folder).sort()).toEqual(['file', 'precious']);
  });

  test('leaves what another process is writing, and files of other names', () => {
    const others = [`file.${process.ppid}.tmp`, 'file.x.tmp', 'other.999999999.tmp'];
    for (const name of others) writeFileSync(join(folder, name), '');
    writeFileSync(join(folder, 'file.999999999.tmp'), '');
    put('new');
    expect(readdirSync(folder).sort()).toEqual(['file', ...others].sort());
  });
});
