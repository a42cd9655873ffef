// The addon's system calls, alone and in daemons of their own processes.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { loadSystemCalls } from '../../src/actors/system-calls.js';
import { connect as connectClient, Conversation } from '../../src/client/index.js';

jest.setTimeout(60_000); // on a busy machine

const calls = loadSystemCalls();
const smallDaemon = fileURLToPath(new URL('../fixtures/small-daemon.js', import.meta.url));
const fdOf = (handle: Socket | Server): number =>
  (handle as unknown as { _handle: { fd: number } })._handle.fd;

let directory = '';
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'codexpc-test-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

const linesOf = (child: ChildProcess): AsyncIterator<string> => {
  children.push(child);
  return createInterface({ input: child.stdout as NonNullable<ChildProcess['stdout']> })[
    Symbol.asyncIterator
  ]();
};
const next = async (lines: AsyncIterator<string>): Promise<string> => String((await lines.next()).value);
const startDaemon = async (path: string, env: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [smallDaemon, path], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return { child, said: await next(linesOf(child)) };
};

describe('peerUid', () => {
  test('tells who is at the other end of a socket', async () => {
    const path = join(directory, 'a.sock');
    const server = createServer().listen(path);
    await once(server, 'listening');
    const client = connect(path);
    const [accepted] = (await once(server, 'connection')) as [Socket];
    expect(calls.peerUid(fdOf(accepted))).toBe(process.getuid?.());
    client.destroy();
    accepted.destroy();
    server.close();
  });

  test('throws for what is no socket', () => {
    const file = openSync(join(directory, 'file'), 'w');
    expect(() => calls.peerUid(file)).toThrow('peer credentials');
    expect(() => calls.peerUid(-1)).toThrow('descriptor');
    closeSync(file);
  });
});

describe('lockFile', () => {
  test('is exclusive until its descriptor is closed', () => {
    const path = join(directory, 'lock');
    const [first, second] = [openSync(path, 'w'), openSync(path, 'w')];
    expect(calls.lockFile(first)).toBe(true);
    expect(calls.lockFile(second)).toBe(false);
    closeSync(first);
    expect(calls.lockFile(second)).toBe(true);
    closeSync(second);
  });
});

describe('two daemons', () => {
  test('the second ends with the pid of the first; a killed one is replaced, and its clients come back', async () => {
    const path = join(directory, 'run', 'codexpc.sock');
    const first = await startDaemon(path);
    expect(first.said).toBe('listening');
    expect(statSync(path).mode & 0o777).toBe(0o600);

    const second = await startDaemon(path);
    expect(second.said).toContain('address_in_use');
    expect(second.said).toContain(`(pid ${first.child.pid})`);

    const client = await connectClient({ socketPath: path });
    const response = client.respond(Conversation.empty.user('forever').request());
    const events = response[Symbol.asyncIterator]();
    await events.next();
    first.child.kill('SIGKILL');
    await expect(response.result()).rejects.toMatchObject({ code: 'io_error' });

    const third = await startDaemon(path);
    expect(third.said).toBe('listening');
    expect(await client.respond(Conversation.empty.user('hello').request()).text()).toBe('hello');
    client.close();
    third.child.kill('SIGTERM');
    expect(await once(third.child, 'exit')).toEqual([0, null]);
  });

  test('of many that start together, one serves', async () => {
    const path = join(directory, 'run', 'codexpc.sock');
    const daemons = await Promise.all(Array.from({ length: 4 }, () => startDaemon(path)));
    expect(daemons.map(({ said }) => said.split(':')[0]).sort()).toEqual([
      'address_in_use',
      'address_in_use',
      'address_in_use',
      'listening',
    ]);
    const client = await connectClient({ socketPath: path });
    expect(await client.health()).toMatchObject({ ok: true });
    client.close();
  });
});

const isRoot = process.getuid?.() === 0;
const ifRoot = isRoot ? describe : describe.skip;

ifRoot(`another user${isRoot ? '' : ' (skipped: only root can become one)'}`, () => {
  const NOBODY = 65_534;
  /** What a process of another user hears at the socket: its error, or all that it is sent until the end. */
  const dial = (path: string): string =>
    spawnSync(
      process.execPath,
      [
        '-e',
        `const socket = require('node:net').connect(${JSON.stringify(path)});
        socket.on('error', ({ code }) => console.log(code));
        socket.on('data', (bytes) => console.log('heard', bytes.length));
        socket.on('close', () => console.log('closed'));`,
      ],
      { uid: NOBODY, gid: NOBODY, encoding: 'utf8', cwd: '/', env: {} },
    ).stdout;

  test('does not reach the socket, by its mode and its folder’s', async () => {
    const path = join(directory, 'run', 'codexpc.sock');
    chmodSync(directory, 0o711);
    expect((await startDaemon(path)).said).toBe('listening');
    expect(dial(path)).toBe('EACCES\nclosed\n');
    chmodSync(join(directory, 'run'), 0o711);
    expect(dial(path)).toBe('EACCES\nclosed\n');
  });

  test('hears nothing where the modes let it in: the kernel says who it is', async () => {
    const path = join(directory, 'run', 'codexpc.sock');
    expect((await startDaemon(path)).said).toBe('listening');
    for (const folder of [directory, join(directory, 'run')]) chmodSync(folder, 0o711);
    chmodSync(path, 0o666);
    expect(dial(path)).toBe('closed\n');
    const client = await connectClient({ socketPath: path });
    expect(await client.health()).toMatchObject({ ok: true });
    client.close();
  });

  test('cannot prepare a folder, a lock or a socket for us', async () => {
    const theirs = join(directory, 'theirs');
    mkdirSync(theirs, { mode: 0o755 });
    chownSync(theirs, NOBODY, NOBODY);
    expect((await startDaemon(join(theirs, 'codexpc.sock'))).said).toContain('belongs to another user');

    const link = join(directory, 'link');
    symlinkSync(theirs, link);
    expect((await startDaemon(join(link, 'codexpc.sock'))).said).toContain('is not a directory');

    const ours = join(directory, 'ours');
    const precious = join(directory, 'precious');
    mkdirSync(ours, { mode: 0o700 });
    writeFileSync(precious, 'mine');
    symlinkSync(precious, join(ours, 'codexpc.sock.lock'));
    expect((await startDaemon(join(ours, 'codexpc.sock'))).said).toContain('io_error');
    expect(readFileSync(precious, 'utf8')).toBe('mine');
  });
});

describe('forbidCoreDumps', () => {
  /** Python starts it without a limit, and sees in its wait status whether the system kept its memory. */
  const START = `import os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
print(os.WCOREDUMP(os.waitpid(pid, 0)[1]))`;
  const isKept = (cwd: string, program: readonly string[]): boolean =>
    spawnSync('python3', ['-c', START, ...program], { encoding: 'utf8', cwd }).stdout === 'True\n';
  const doesKeep = (): boolean => {
    const folder = mkdtempSync(join(tmpdir(), 'codexpc-core-'));
    const kept = isKept(folder, ['python3', '-c', 'import os; os.abort()']);
    rmSync(folder, { recursive: true });
    return kept;
  };
  const url = JSON.stringify(new URL('../../src/actors/system-calls.js', import.meta.url).href);
  const forbidding = (then: string): readonly string[] => [
    '--input-type=module',
    '-e',
    `const { loadSystemCalls } = await import(${url});
    loadSystemCalls().forbidCoreDumps();
    ${then}`,
  ];

  const unseen = doesKeep() ? '' : ' (skipped: a crash leaves nothing here, or there is no python3)';
  (unseen === '' ? test : test.skip)(`keeps the memory of a crash from being written${unseen}`, () =>
    expect(isKept(directory, [process.execPath, ...forbidding('process.abort();')])).toBe(false),
  );

  const onLinux = process.platform === 'linux';
  (onLinux ? test : test.skip)(
    `holds for children${onLinux ? '' : ' (skipped: not Linux)'}, and twice`,
    () => {
      const then = `loadSystemCalls().forbidCoreDumps();
      const { execFileSync } = await import('node:child_process');
      process.stdout.write(execFileSync('cat', ['/proc/self/limits']));`;
      const { stdout } = spawnSync(process.execPath, forbidding(then), { encoding: 'utf8' });
      expect(stdout).toMatch(/^Max core file size +[01] +[01] +bytes/m);
    },
  );
});

describe('listenFds', () => {
  test('leaves sockets alone that are meant for another process', () => {
    const environment = { LISTEN_PID: '1', LISTEN_FDS: '1' };
    Object.assign(process.env, environment);
    expect(calls.listenFds()).toEqual([]);
    for (const name of Object.keys(environment)) delete process.env[name];
  });
});

// What Node cannot do, Perl does: it plays the service manager.
const hasPerl = spawnSync('perl', ['-e', 'exit 0']).status === 0;
const perlMissing =
  process.platform !== 'linux' ? 'not Linux' : hasPerl ? null : 'there is no perl on this machine';
const ifPerl = perlMissing === null ? describe : describe.skip;
const titleOf = (title: string): string =>
  perlMissing === null ? title : `${title} (skipped: ${perlMissing})`;

ifPerl(titleOf('socket activation'), () => {
  test('serves clients that came before the daemon, and leaves the socket there', async () => {
    const path = join(directory, 'activated.sock');
    const manager = `use IO::Socket::UNIX; use POSIX; $| = 1; $^F = 10; my $s = IO::Socket::UNIX->new(Local => shift, Listen => 5);
      POSIX::dup2(fileno $s, 3); print "bound\\n"; <STDIN>; $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 1; exec @ARGV`;
    const place = join(directory, 'run', 'codexpc.sock');
    const child = spawn('perl', ['-e', manager, path, process.execPath, smallDaemon, place], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = linesOf(child);
    expect(await next(lines)).toBe('bound');
    const waiting = connectClient({ socketPath: path });
    child.stdin.write('start\n');
    expect(await next(lines)).toBe('listening');
    const client = await waiting;
    expect(await client.respond(Conversation.empty.user('hello').request()).text()).toBe('hello');
    client.close();
    child.kill('SIGTERM');
    await once(child, 'exit');
    expect(statSync(path).isSocket()).toBe(true);
  });
});

ifPerl(titleOf('service notifications'), () => {
  const manager = async (address: string): Promise<AsyncIterator<string>> => {
    const program = `use Socket; $| = 1; socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die $!; my $a = shift; $a =~ s/^@/\\0/;
      bind($s, pack('Sa*', AF_UNIX, $a)) or die $!; print "bound\\n"; while (defined recv($s, my $m, 4096, 0)) { print "$m\\n" }`;
    const lines = linesOf(spawn('perl', ['-e', program, address], { stdio: ['ignore', 'pipe', 'inherit'] }));
    expect(await next(lines)).toBe('bound');
    return lines;
  };

  test.each([
    ['a path', () => join(directory, 'notify')],
    ['an abstract name', () => `@codexpc-test-${process.pid}`],
  ])('reach a manager at %s', async (_name, address) => {
    const heard = await manager(address());
    const env = { NOTIFY_SOCKET: address(), WATCHDOG_USEC: '20000' };
    const { child, said } = await startDaemon(join(directory, 'run', 'codexpc.sock'), env);
    expect(said).toBe('listening');
    const messages: string[] = [];
    while (messages.length < 5) messages.push(await next(heard));
    expect(messages.slice(0, 3)).toEqual(['READY=1', 'WATCHDOG=1', 'STATUS=serving clients']);
    expect(messages.slice(3)).toEqual(['WATCHDOG=1', 'WATCHDOG=1']);
    child.kill('SIGTERM');
    for (let message = await next(heard); message !== 'STOPPING=1'; message = await next(heard)) {
      expect(message).toBe('WATCHDOG=1');
    }
  });

  test('to nobody are told apart', () => {
    expect(calls.notifyService(join(directory, 'nobody'), 'READY=1')).toBe(false);
    expect(calls.notifyService('x'.repeat(300), 'READY=1')).toBe(false);
  });
});
