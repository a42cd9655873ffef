import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openConfiguredTools } from '../../../src/actors/tools/configured-tools.js';
import { loadConfig } from '../../../src/config/load-config.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'codexpc-configured-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const open = (workFolder: string) =>
  openConfiguredTools(
    loadConfig({
      file: join(folder, 'config.toml'),
      home: '/home/me',
      defaultSocket: '/run/s',
      env: { CODEXPC_ALLOW_TOOLS: '1', CODEXPC_ALLOWED_TOOLS: 'clock' },
      flags: { 'tools.work_folder': { flag: '--work-folder', value: workFolder } },
    }),
    folder,
  );

describe('the folder that tools may write to', () => {
  it.each([
    ['the home folder', () => homedir()],
    ['one above it', () => dirname(homedir())],
    ['everything', () => '/'],
    [
      'a link to it',
      () => {
        symlinkSync(homedir(), join(folder, 'link'));
        return join(folder, 'link');
      },
    ],
  ])('is never %s', async (_, path) => {
    await expect(open(path())).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('Set tools.work_folder'),
    });
  });

  it('is told by name where it cannot be made', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(open(join(file, 'work'))).rejects.toMatchObject({
      code: 'io_error',
      message: expect.stringMatching(/file\/work, cannot be made .* Set tools\.work_folder/),
    });
  });

  it('is made where it is missing', async () => {
    const runner = await open(join(folder, 'new', 'work'));
    expect(runner.tools().map(({ name }) => name)).toEqual(['clock']);
    await runner.close();
  });
});
