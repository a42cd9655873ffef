import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';

jest.setTimeout(120_000);

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url)); // from build/js/tests/tools
const BUNDLED = join(ROOT, 'build/app/cli-main.cjs');
const COMPILED = join(ROOT, 'build/js/src/cli/main.js');

const run = (program: string, ...args: readonly string[]) =>
  spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });

describe('the bundle', () => {
  beforeAll(() => {
    const { status, stderr } = run(join(ROOT, 'tools/build.mjs'), '--app-only', '--quiet');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('answers as the modules that it was made of do', () => {
    const args = ['run', '--in-process', '--quiet', '--temperature', '0', 'Hello'];
    const { status, stdout, stderr } = run(BUNDLED, ...args);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(run(COMPILED, ...args).stdout);
  });

  it('names the lines of the sources in a stack trace', () => {
    const { stderr } = run(BUNDLED, 'run', '--in-process', '--verbose', '--checkpoint', '/nowhere', 'Hello');
    expect(stderr).toMatch(/\[model_not_found\][^]*at async run\d* \(.*\/src\/cli\/run\/run\.ts:\d+:\d+\)/);
  });

  it('starts its own processes and threads', () => {
    const { stdout } = run(BUNDLED, 'doctor', '--json');
    expect(stdout).toContain('the native engine loads'); // seen by a process of the doctor's
  });

  it('loads a module by its address, though V8 had compiled the code before', () => {
    const addon =
      'data:text/javascript,export const loadAddon = () => { throw new Error("this is the module") }';
    const { stderr } = spawnSync(process.execPath, [BUNDLED, 'run', '--in-process', 'Hello'], {
      encoding: 'utf8',
      env: { ...process.env, CODEXPC_TEST_ADDON: addon },
    });
    expect(stderr).toContain('this is the module');
  });

  it.each(['cli-main', 'actors-engine-worker'])('keeps what V8 compiled of %s', (name) => {
    expect(existsSync(join(ROOT, `build/app/${name}.bundle.cjs.cache`))).toBe(true);
  });
});
