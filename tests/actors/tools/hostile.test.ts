// Programs that mean no good, with and without the sandbox. Each gets its status; afterwards nothing of it runs and
// nothing outside of the work folder has changed.

import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ToolResult } from '../../../src/actors/tools/tool.js';
import {
  LIMITS,
  processesWith,
  sandboxMissing,
  startTools,
  type ToolHarness,
  until,
} from './tool-harness.js';

jest.setTimeout(90_000); // on a busy machine

let tools: ToolHarness;
let before: Readonly<Record<string, string>>;
/** A number of seconds that only this test's programs sleep for: by it they are found. */
let nap: string;
beforeEach(() => {
  nap = `${randomInt(100_000, 1_000_000)}.${randomInt(1_000_000)}`;
});
afterEach(async () => {
  expect(processesWith(nap)).toEqual([]);
  expect(tools.outside()).toEqual(before);
  await tools.stop();
});

const start = (settings: Parameters<typeof startTools>[0], bounds = {}): void => {
  tools = startTools(settings, bounds);
  before = tools.outside();
};
const shell = (command: string, options: { timeoutMs?: number } = {}): Promise<ToolResult> =>
  tools.call('shell', {
    command,
    ...(options.timeoutMs === undefined ? {} : { timeout_ms: options.timeoutMs }),
  });

const isAsleep = (): boolean => processesWith(nap).some((line) => line.startsWith('sleep '));

const noLinux = process.platform === 'linux' ? null : 'what escapes the process group is found on Linux only';
const modes = [
  { sandbox: 'required', missing: sandboxMissing },
  { sandbox: 'none', missing: noLinux },
] as const;

for (const { sandbox, missing } of modes)
  if (missing !== null) test.skip(`programs, sandbox ${sandbox}: skipped, ${missing}`, () => {});

describe.each(modes.filter(({ missing }) => missing === null))(
  'a program, sandbox $sandbox',
  ({ sandbox }) => {
    beforeEach(() => start({ shell: { sandbox } }));

    test('that prints without end is stopped, and head and tail are kept', async () => {
      const result = await shell('echo first; yes');
      expect(result).toMatchObject({ status: 'capped', isTruncated: true });
      expect(result.outputBytes).toBeGreaterThan(LIMITS.maxOutputBytes);
      expect(result.text).toMatch(
        /^first\ny\n[^]*\n\[… [\d,]+ bytes left out …\]\n[^]*wrote more than 8 MiB\]$/,
      );
      expect(result.text.length).toBeLessThan(LIMITS.outputBytes + 200);
    });

    test('that forks until it is refused is bounded', async () => {
      const { status } = await shell(`for i in $(seq 300); do sleep ${nap} & done; wait`);
      expect(['capped', 'failed']).toContain(status); // by us as root, else by the system
    });

    /** Runs it until its first `sleep`, then cancels it. */
    const cancelled = async (command: string): Promise<ToolResult> => {
      const controller = new AbortController();
      const running = tools.call('shell', { command }, { signal: controller.signal });
      await until(isAsleep, 'the program to sleep');
      controller.abort();
      return running;
    };

    test('that is cancelled ends', async () => {
      expect(await cancelled(`sleep ${nap}`)).toMatchObject({ status: 'cancelled', signal: 'SIGTERM' });
    });

    test('that ignores SIGTERM is killed', async () => {
      const result = await cancelled(`trap '' TERM INT HUP; while :; do sleep ${nap}; done`);
      expect(result).toMatchObject({ status: 'cancelled', signal: 'SIGKILL' });
    });

    test('that ends on SIGTERM is heard to the end', async () => {
      const result = await cancelled(`trap 'echo bye; exit 3' TERM; sleep ${nap} & wait`);
      expect(result).toMatchObject({ status: 'cancelled', exitCode: 3 });
      expect(result.text).toMatch(/^bye\n\[cancelled/);
    });

    test('that closes its output and sleeps runs out of time', async () => {
      const result = await shell(`exec >&- 2>&-; sleep ${nap}`, { timeoutMs: 200 });
      expect(result).toMatchObject({ status: 'timed_out' });
      expect(result.text).toMatch(/timed out/);
    });

    test('that leaves children behind ends, and they do', async () => {
      const script = `sleep ${nap} & (setsid sleep ${nap} &) ; setsid nohup sleep ${nap} >/dev/null 2>&1 & echo done`;
      expect(await shell(script)).toMatchObject({ status: 'ok', text: 'done' });
    });

    test('that exits with a code or by a signal says which', async () => {
      expect(await shell('exit 7')).toMatchObject({ status: 'failed', exitCode: 7, signal: null });
      expect(await shell('kill -SEGV $$')).toMatchObject({ status: 'failed', signal: 'SIGSEGV' });
    });

    test('that prints what is no UTF-8 and exits 0 is fine', async () => {
      expect(await shell('printf "a\\377\\376b"')).toMatchObject({ status: 'ok', text: 'a\ufffd\ufffdb' });
    });

    test('that uses up its CPU time or writes too large a file is capped', async () => {
      const limits = { cpuMs: 1_000, fileBytes: 2 ** 20 };
      const spin = await tools.call('shell', { command: 'while :; do :; done' }, { limits });
      expect(spin).toMatchObject({ status: 'capped', signal: 'SIGXCPU' });
      const write = { command: ['head', '-c', '4000000', '/dev/zero'].join(' ') + ' > big' };
      expect(await tools.call('shell', write, { limits })).toMatchObject({ status: 'capped' });
    });

    test('is gone when the runner closes in the middle of its call', async () => {
      const running = shell(`trap '' TERM; sleep ${nap} & sleep ${nap}`);
      await until(isAsleep, 'the program to sleep');
      await tools.runner.close();
      expect(await running).toMatchObject({ status: 'cancelled' });
      expect(processesWith(nap)).toEqual([]);
    });

    test('is gone soon after its daemon was killed', async () => {
      const fixture = fileURLToPath(new URL('../../fixtures/tools/daemon-with-call.js', import.meta.url));
      const daemon = fork(fixture, [tools.workFolder, sandbox, `trap '' TERM HUP; sleep ${nap}`]);
      const ended = once(daemon, 'exit');
      await until(isAsleep, 'the program to sleep');
      daemon.kill('SIGKILL');
      await ended;
      await until(() => processesWith(nap).length === 0, 'the program to end');
    });

    test('with arguments that no program can be given is not begun, and why is told', async () => {
      const run = (argument: string): Promise<ToolResult> =>
        tools.call('shell', { command: ['echo', argument] });
      const withNul = await run('a\0b');
      expect(withNul).toMatchObject({ status: 'refused', exitCode: null });
      expect(withNul.text).toMatch(/NUL/);
      const tooLong = await run('x'.repeat(500_000));
      expect(['refused', 'failed']).toContain(tooLong.status); // the sandbox cannot be told of it; or the program not begun
      expect(tooLong.text).toMatch(/Argument list too long/);
      expect(await run('fine')).toMatchObject({ status: 'ok', text: 'fine' });
    });

    test('that does not exist is a failure that says so', async () => {
      const result = await tools.call('shell', { command: ['no-such-program'] });
      expect(result).toMatchObject({ status: 'failed', exitCode: 127 });
      expect(result.text).toMatch(/not found/);
    });
  },
);

const inSandbox = sandboxMissing === null ? describe : describe.skip;
inSandbox(`the sandbox${sandboxMissing === null ? '' : ` (skipped: ${sandboxMissing})`}`, () => {
  test('shows the work folder and an otherwise empty home', async () => {
    start({ shell: {} });
    const result = await shell('pwd; echo hello > made; ls -A ~; cat ~/.ssh/id_* 2>/dev/null || echo none');
    expect(result).toMatchObject({ status: 'ok' });
    expect(result.text.split('\n').slice(0, 1)).toEqual([tools.workFolder]);
    expect(result.text).toMatch(/none$/);
    expect(result.text).not.toContain('.ssh');
    expect(readFileSync(join(tools.workFolder, 'made'), 'utf8')).toBe('hello\n');
  });

  test('keeps writes inside, whatever the path', async () => {
    start({ shell: {} });
    symlinkSync(join(tools.top, 'bystander'), join(tools.workFolder, 'link'));
    const evil = join(homedir(), `codexpc-evil-${nap}`);
    const script = `echo x > ../evil; echo x > link; echo x > /etc/evil; echo x > /usr/evil; echo x > ${evil}; rm -rf ../bystander; cat link`;
    await shell(script);
    expect(existsSync(evil)).toBe(false);
    expect(existsSync('/etc/evil') || existsSync('/usr/evil')).toBe(false);
  });

  test('shows neither other processes nor the secrets of /etc', async () => {
    start({ shell: {} });
    const result = await shell(
      `cat /etc/shadow /etc/ssh/*key; ls /proc | grep -c '^[0-9]'; kill -0 ${process.pid}`,
    );
    expect(result.status).toBe('failed');
    expect(Number(/^\d+$/m.exec(result.text)?.[0])).toBeLessThan(10);
    expect(result.text).not.toContain('root:');
  });

  describe('network', () => {
    let server: Server;
    let numConnections: number;
    beforeEach(async () => {
      numConnections = 0;
      server = createServer((socket) => {
        numConnections++;
        socket.end();
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    afterEach(() => void server.close());
    const dial = (): Promise<ToolResult> =>
      shell(`exec 3<>/dev/tcp/127.0.0.1/${(server.address() as { port: number }).port}`);

    test('is not there', async () => {
      start({ shell: {} });
      expect(await dial()).toMatchObject({ status: 'failed' });
      expect(numConnections).toBe(0);
    });

    test('is there when it is allowed', async () => {
      start({ shell: { network: true } });
      expect(await dial()).toMatchObject({ status: 'ok' });
      await until(() => numConnections === 1, 'the connection');
    });
  });

  test.each([
    ['a mount', 'mount -t tmpfs none /tmp'],
    ['another namespace', 'unshare --user true'],
    ['an odd socket family', 'python3 -c "import socket; socket.socket(40, socket.SOCK_STREAM)"'],
    ['tracing', 'python3 -c "import ctypes,sys; sys.exit(ctypes.CDLL(None).ptrace(0,0,0,0) and 1)"'],
  ])('refuses %s', async (_, command) => {
    start({ shell: {} });
    expect(await shell(command)).toMatchObject({ status: 'failed' });
  });

  test('bounds memory', async () => {
    start({ shell: { limits: { ...LIMITS, memoryBytes: 200 * 2 ** 20 } } });
    const result = await shell('python3 -c "bytearray(10**9)"');
    expect(['failed', 'capped']).toContain(result.status);
    expect(result.text).toMatch(/MemoryError|memory/);
  });
});

describe('without a sandbox on the machine', () => {
  test('what needs one is refused with a hint, the rest runs', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/nowhere';
    try {
      start({ shell: {}, calculator: {} });
    } finally {
      process.env['PATH'] = path;
    }
    const result = await shell('echo no');
    expect(result).toMatchObject({ status: 'refused', exitCode: null });
    expect(result.text).toMatch(/apt install bubblewrap/);
    expect(await tools.call('calculator', { expression: '1+1' })).toMatchObject({ status: 'ok', text: '2' });
  });
});
