import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CliContext } from '../../src/cli/context.js';
import { main } from '../../src/cli/main.js';

describe('codexpc cache', () => {
  let home = '';
  let folder = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'codexpc-cache-'));
    folder = join(home, '.cache', 'codexpc', 'prefixes');
  });
  afterEach(() => rmSync(home, { recursive: true }));

  const run = async (...args: readonly string[]): Promise<string> => {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const context: CliContext = {
      stdin,
      stdout,
      stderr,
      env: {},
      place: { platform: 'linux', env: {}, home },
      onSignal: () => () => {},
      onExit: () => () => {},
      exitNow: (code) => {
        throw new Error(`exit ${code}`);
      },
    };
    expect(await main(['cache', ...args], context)).toBe(0);
    return (stdout.read() as Buffer).toString();
  };

  it('tells how much there is, and removes snapshots, finished or not, and nothing else', async () => {
    expect(await run()).toMatch(/kept +0 prefixes/);
    mkdirSync(folder, { recursive: true });
    const name = `${'a'.repeat(16)}-${'b'.repeat(32)}.prefix`;
    for (const file of [name, `${name}.77.tmp`, 'mine.txt']) writeFileSync(join(folder, file), '12345');
    expect(JSON.parse(await run('--json'))).toMatchObject({ folder, files: 2, usedBytes: 10 });
    expect(await run('clear')).toBe('Removed 2 files.\n');
    expect(existsSync(join(folder, name))).toBe(false);
    expect(existsSync(join(folder, 'mine.txt'))).toBe(true);
  });
});
