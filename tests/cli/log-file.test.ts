import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LogFile } from '../../src/cli/daemon/log-file.js';

const LIMITS = { maxFileBytes: 100, maxPendingBytes: 1_000 };

describe('LogFile', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'codexpc-log-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await turn();
  };
  const size = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

  it('writes for its owner only, and makes its folder', async () => {
    const path = join(folder, 'state', 'daemon.log');
    const log = LogFile.open(path, LIMITS);
    log.write('one\n');
    await until(() => size(path) === 4);
    log[Symbol.dispose]();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('keeps one older file when it is full', async () => {
    const path = join(folder, 'daemon.log');
    const log = LogFile.open(path, LIMITS);
    for (const letter of ['a', 'b', 'c']) {
      log.write(`${letter.repeat(59)}\n`);
      await until(() => readFileSync(path, 'utf8').startsWith(letter));
    }
    log[Symbol.dispose]();
    expect(readFileSync(`${path}.1`, 'utf8')).toBe(`${'b'.repeat(59)}\n`);
  });

  it('goes on in a new file when its own was removed', async () => {
    const path = join(folder, 'daemon.log');
    const log = LogFile.open(path, LIMITS);
    rmSync(path);
    log.write('again\n');
    await until(() => size(path) === 6);
    log[Symbol.dispose]();
  });

  it('drops lines rather than memory, and tells how many', async () => {
    const path = join(folder, 'daemon.log');
    const log = LogFile.open(path, { maxFileBytes: 1e9, maxPendingBytes: 10 });
    for (let i = 0; i < 10; i++) log.write('0123456789\n'); // no turn of the event loop in between
    await until(() => readFileSync(path, 'utf8').includes('numLost'));
    log.write('later\n');
    await until(() => readFileSync(path, 'utf8').endsWith('later\n'));
    log[Symbol.dispose]();
    expect(readFileSync(path, 'utf8')).toMatch(
      /"numLost":\d,"msg":"log lines were lost: the disk is too slow"/,
    );
  });

  it('survives a disk that is full', async () => {
    const log = LogFile.open('/dev/full', LIMITS);
    log.write('lost\n');
    await turn();
    log.write('lost too\n');
    log[Symbol.dispose]();
    log[Symbol.dispose]();
  });
});
