// Both ways to start a process, and the leash that several share.

import { afterAll, afterEach, describe, expect, jest, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createLeash, type Leash } from '../../../src/actors/tools/program/leash.js';
import { descendantsOf, isAlive } from '../../../src/actors/tools/program/process-tree.js';
import { startForked } from '../../../src/actors/tools/program/start-forked.js';
import { findNativeStart, startNative } from '../../../src/actors/tools/program/start-native.js';
import type { ProcessRequest, StartedProcess } from '../../../src/actors/tools/program/start-process.js';
import { CodexpcError } from '../../../src/errors.js';
import { nativeAddonPath } from '../../../src/native-addon-path.js';
import { LIMITS, until } from './tool-harness.js';

jest.setTimeout(60_000); // on a busy machine

const native = findNativeStart();
const skipped = native === null ? ' (skipped: this system has no use for it)' : '';
const ways = [
  { way: 'by the addon', start: (request: ProcessRequest) => startNative(native!, request) },
  { way: 'by Node', start: startForked },
].filter(({ start }) => native !== null || start === startForked);
const whereNative = native === null ? test.skip : test;

const request = (argv: ProcessRequest['argv'], more: Partial<ProcessRequest> = {}): ProcessRequest => ({
  argv,
  folder: '/',
  environment: { PATH: '/usr/bin:/bin' },
  descriptors: ['read', 'write', 'write'],
  limits: null,
  leash: 'itself',
  ...more,
});

const outcome = async ({ streams, exited }: StartedProcess) => {
  const [stdout, stderr] = await Promise.all([text(streams[1]!), text(streams[2]!)]);
  return { stdout, stderr, ...(await exited) };
};

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'codexpc-start-')));
const leashes: Leash[] = [];
afterEach(() => leashes.splice(0).forEach((leash) => leash.close()));
afterAll(() => rmSync(folder, { recursive: true }));
const newLeash = (): Leash => {
  const leash = createLeash();
  leashes.push(leash);
  return leash;
};

describe.each(ways)('a process that is started $way', ({ start }) => {
  test('has its arguments, environment, folder and pipes, and tells its exit code', async () => {
    const started = start(
      request(['sh', '-c', 'pwd; echo "$0 $NAME"; cat; echo bad >&2; exit 3', 'a b'], {
        folder,
        environment: { PATH: '/nowhere:/usr/bin:/bin', NAME: 'ä=1' },
      }),
    );
    started.streams[0]!.end('from us');
    expect(await outcome(started)).toEqual({
      stdout: `${folder}\na b ä=1\nfrom us`,
      stderr: 'bad\n',
      exitCode: 3,
      signal: null,
    });
  });

  test('tells the signal that ended it', async () => {
    expect(await outcome(start(request(['sh', '-c', 'kill -TERM $$'])))).toMatchObject({
      exitCode: null,
      signal: 'SIGTERM',
    });
  });

  test('takes what is left of its group along', async () => {
    const { stdout } = await outcome(start(request(['sh', '-c', "trap '' HUP; sleep 1000 & echo $!"])));
    await until(() => !isAlive(Number(stdout)), 'the child to be gone');
  });

  test('is held to its limits', async () => {
    const limits = { ...LIMITS, cpuMs: 5_000, openFiles: 100, fileBytes: 2_048, memoryBytes: 2 ** 30 };
    const script = 'ulimit -S -t; ulimit -H -t; ulimit -n; ulimit -f; ulimit -v';
    const { stdout } = await outcome(start(request(['sh', '-c', script], { limits })));
    expect(stdout.split('\n').slice(0, 5)).toEqual(['5', '6', '100', '4', String(2 ** 20)]);
  });

  test('that is nowhere, or cannot be run, has ended as in a shell', async () => {
    const plain = join(folder, 'plain');
    rmSync(plain, { force: true });
    writeFileSync(plain, 'echo no');
    const run = (argv: ProcessRequest['argv']) => outcome(start(request(argv, { limits: LIMITS })));
    expect(await run(['no-such-program'])).toMatchObject({
      exitCode: 127,
      stderr: expect.stringMatching(/no-such-program: not found\n$/),
    });
    expect(await run([plain])).toMatchObject({
      exitCode: 126,
      stderr: expect.stringMatching(/plain: Permission denied\n$/),
    });
    chmodSync(plain, 0o700);
    expect(await run([plain])).toMatchObject({ exitCode: 0, stdout: 'no\n' });
  });

  test('that the system refuses is an error', async () => {
    const { pid, exited } = start(request(['true'], { folder: '/nowhere' }));
    expect(pid).toBeNull();
    await expect(exited).rejects.toThrow(/ENOENT|No such file/);
  });
});

describe(`the addon${skipped}`, () => {
  test('starts processes on Linux', () => expect(native === null).toBe(process.platform !== 'linux'));

  whereNative('says which part of a request is none', () => {
    const { argv, ...rest } = request(['true']);
    const ask = (more: object) => () =>
      native!({
        ...rest,
        files: ['/bin/true'],
        arguments: argv,
        environment: [],
        limits: {},
        leash: null,
        ...more,
      });
    expect(ask({ arguments: ['a\0b'] })).toThrow(/arguments must be a string without NUL/);
    expect(ask({ files: '/bin/true' })).toThrow(/files must be an array/);
    expect(ask({ descriptors: ['both'] })).toThrow(/descriptor must be null, read, write or a number/);
    expect(ask({ limits: { openFiles: { soft: 1, hard: 1n } } })).toThrow(/soft must be a bigint/);
    expect(ask({ arguments: ['x'.repeat(2 ** 20)] })).toThrow(
      expect.objectContaining({ syscall: 'execve', errno: 7 }),
    );
  });

  whereNative('may be unloaded with its thread while a program runs', async () => {
    const script = `
      const { Worker } = require('node:worker_threads');
      const addon = ${JSON.stringify(nativeAddonPath('codexpc'))};
      const start = "const { pid } = require(process.argv[2]).startProcess({ files: ['/bin/sleep'], arguments:" +
        "['sleep', '0.5'], environment: [], folder: '/', descriptors: ['null'], limits: {}, leash: null });" +
        "require('node:worker_threads').parentPort.postMessage(pid); setInterval(() => {}, 1_000)";
      const worker = new Worker(start, { eval: true, argv: [addon] });
      worker.once('message', async (pid) => {
        await worker.terminate();
        const { existsSync } = require('node:fs');
        while (existsSync('/proc/' + pid)) await new Promise((resolve) => setTimeout(resolve, 20));
        console.log('collected');
      });`;
    expect(execFileSync(process.execPath, ['-e', script], { encoding: 'utf8' })).toBe('collected\n');
  });

  test('is done without where it is not built, and where it is of no use', () => {
    const missing = (): never => {
      throw new CodexpcError({ code: 'unsupported_system', message: 'cannot load the native engine' });
    };
    expect(findNativeStart(missing)).toBeNull();
    expect(findNativeStart(() => ({}) as ReturnType<typeof missing>)).toBeNull();
    expect(() =>
      findNativeStart(() => {
        throw new Error('a fault of ours');
      }),
    ).toThrow('a fault of ours');
  });
});

describe(`a leash that several share${skipped}`, () => {
  const sleeper = (): StartedProcess => startNative(native!, request(['sleep', '1000']));
  const KILLED = { exitCode: null, signal: 'SIGKILL' };

  whereNative('ends the groups that it knows when nobody holds it any more, and only those', async () => {
    const leash = newLeash();
    const [known, forgotten] = [sleeper(), sleeper()];
    writeSync(leash.fd()!, `+${forgotten.pid}\n+${known.pid}\n-${forgotten.pid}\n-12345\n`);
    leash.close();
    expect(await known.exited).toEqual(KILLED);
    expect(isAlive(forgotten.pid!)).toBe(true);
    process.kill(forgotten.pid!, 'SIGTERM');
    expect(await forgotten.exited).toEqual({ exitCode: null, signal: 'SIGTERM' });
  });

  whereNative('is replaced when somebody has killed it', async () => {
    const leash = newLeash();
    leash.fd();
    const shellOf = () =>
      descendantsOf(process.pid).find((pid) =>
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('groups='),
      );
    await until(() => shellOf() !== undefined, 'the leash');
    const first = shellOf()!;
    process.kill(first, 'SIGKILL');
    await until(() => leash.fd() !== null && ![undefined, first].includes(shellOf()), 'another one');
    const known = sleeper();
    writeSync(leash.fd()!, `+${known.pid}\n`);
    leash.close();
    expect(await known.exited).toEqual(KILLED);
  });

  test('is not there without the addon: each program has its own', () => {
    expect(createLeash(null).fd()).toBeNull();
  });
});
