import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

jest.setTimeout(60_000);

const TOOLS = fileURLToPath(new URL('../../../../tools', import.meta.url));

/** Programs of a build that does nothing: npm, cmake-js and esbuild leave what the real ones would. */
const FAKE_NPM = `const fs = require('node:fs');
fs.appendFileSync('calls', 'npm\\n');
const write = (file, text) => { fs.mkdirSync(require('node:path').dirname(file), { recursive: true }); fs.writeFileSync(file, text); };
write('node_modules/.package-lock.json', '{}');
write('node_modules/cmake-js/bin/cmake-js', "require('node:fs').appendFileSync('calls', 'cmake-js\\\\n'); require('node:fs').mkdirSync('build/native/Release', { recursive: true }); require('node:fs').writeFileSync('build/native/Release/codexpc.node', ''); if (require('node:fs').existsSync('broken')) { console.log('engine.cc:1: error: no'); process.exit(1) }");
write('node_modules/node-addon-api/napi.h', '');
write('node_modules/esbuild/package.json', '{}');
write('node_modules/esbuild/index.js', "exports.build = async ({ outdir, platform }) => { require('node:fs').mkdirSync(outdir, { recursive: true }); if (platform === 'browser') return; require('node:fs').appendFileSync('calls', 'esbuild\\\\n'); require('node:fs').writeFileSync(outdir + '/cli-main.bundle.cjs', 'exports.runAsProgram = async (args) => console.log(JSON.stringify(args))') }");
`;

describe('npm start', () => {
  let root: string;
  let path: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'codexpc-start-'));
    cpSync(TOOLS, join(root, 'tools'), { recursive: true });
    for (const folder of ['src', 'engine-native', 'bin']) mkdirSync(join(root, folder));
    for (const file of ['package.json', 'package-lock.json', 'tsconfig.json', 'CMakeLists.txt'])
      writeFileSync(join(root, file), '{"type":"module"}');
    const page = join(root, 'src', 'page', 'view');
    mkdirSync(page, { recursive: true });
    for (const file of ['index.html', 'style.css', 'icon.svg']) writeFileSync(join(page, file), '');
    writeFileSync(join(root, 'npm.cjs'), FAKE_NPM);
    for (const name of ['cmake', 'c++', 'make'])
      program(name, name === 'cmake' ? 'echo cmake version 3.25.1' : '');
    path = join(root, 'bin');
  });
  afterEach(() => {
    chmodSync(root, 0o755);
    rmSync(root, { recursive: true });
  });

  const program = (name: string, script: string): void =>
    writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const start = (...args: readonly string[]) => {
    const result = spawnSync(process.execPath, [join(root, 'tools', 'start.mjs'), ...args], {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: path, npm_execpath: join(root, 'npm.cjs') },
      input: '',
    });
    return { code: result.status, stdout: result.stdout, stderr: result.stderr };
  };
  const calls = (): string[] => readFileSync(join(root, 'calls'), 'utf8').trim().split('\n');

  it('installs and builds once, then starts at once', () => {
    const first = start('Hello');
    expect(first).toMatchObject({ code: 0, stdout: '["run","Hello"]\n' });
    expect(first.stderr).toMatch(
      /installing the npm packages …[^]*building the native engine[^]*bundling the program: done/,
    );
    expect(start('again')).toEqual({ code: 0, stdout: '["run","again"]\n', stderr: '' });
    expect(calls()).toEqual(['npm', 'cmake-js', 'esbuild']);
  });

  it('builds again only what changed', () => {
    start('Hello');
    writeFileSync(join(root, 'src', 'new.ts'), '');
    start('Hello');
    expect(calls()).toEqual(['npm', 'cmake-js', 'esbuild', 'esbuild']);
  });

  it.each([
    ['cmake', /^codexpc: CMake is missing; .*sudo apt install build-essential cmake\n$/m],
    ['c++', /^codexpc: a C\+\+ compiler is missing; .*sudo apt install build-essential cmake\n$/m],
    ['make', /^codexpc: make is missing; .*sudo apt install build-essential cmake\n$/m],
  ])('says in one sentence that %s is missing', (name, sentence) => {
    rmSync(join(root, 'bin', name));
    const { code, stdout, stderr } = start('Hello');
    expect(stderr).toMatch(sentence);
    expect({ code, stdout }).toEqual({ code: 100, stdout: '' });
  });

  it('takes the ready-made engine where there is one and no compiler, and builds once there is', () => {
    const prebuilds = join(root, 'prebuilds', `${process.platform}-${process.arch}`);
    mkdirSync(prebuilds, { recursive: true });
    writeFileSync(join(prebuilds, 'codexpc.node'), '');
    rmSync(join(root, 'bin', 'c++'));
    expect(start('Hello')).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        /^codexpc: using the ready-made native engine\. a C\+\+ compiler is missing/m,
      ),
    });
    expect(start('again')).toEqual({ code: 0, stdout: '["run","again"]\n', stderr: '' });
    program('c++', '');
    start('Hello');
    expect(calls()).toEqual(['npm', 'esbuild', 'cmake-js']);
  });

  it('says that CMake is too old', () => {
    program('cmake', 'echo cmake version 3.16.3');
    expect(start('Hello').stderr).toMatch(/^codexpc: CMake 3\.16 is too old/m);
  });

  it('shows the output of a step that fails, and tries it again the next time', () => {
    writeFileSync(join(root, 'broken'), '');
    const { code, stderr } = start('Hello');
    expect(code).toBe(111);
    expect(stderr).toMatch(
      /engine\.cc:1: error: no\ncodexpc: building the native engine failed; the output is above\./,
    );
    rmSync(join(root, 'broken'));
    expect(start('Hello').code).toBe(0);
  });

  // Skipped for root, who may write everywhere.
  (process.getuid?.() === 0 ? it.skip : it)('says that the folder cannot be written', () => {
    chmodSync(root, 0o555);
    const { code, stderr } = start('Hello');
    expect({ code, stderr: stderr.split('\n')[0] }).toEqual({
      code: 100,
      stderr: `codexpc: cannot build: ${root}/ is not writable (EACCES).`,
    });
  });

  it('takes over from a build that died', () => {
    mkdirSync(join(root, 'build'));
    writeFileSync(join(root, 'build', '.lock'), '999999999');
    expect(start('Hello').code).toBe(0);
  });

  it('takes over a lock that nobody has touched for long', () => {
    mkdirSync(join(root, 'build'));
    const lock = join(root, 'build', '.lock');
    writeFileSync(lock, String(process.pid));
    utimesSync(lock, new Date(0), new Date(0));
    expect(start('Hello').code).toBe(0);
  });

  it('tells how it is used when nothing is asked', () => {
    symlinkSync('/dev/null', join(root, 'null'));
    const { stdout } = spawnSync('/bin/sh', ['-c', `"${process.execPath}" tools/start.mjs < null`], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stdout).toContain('npm start -- "Hello"');
  });
});
