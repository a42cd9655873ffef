// The addon's system calls, alone and in daemons of their own processes.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, statSync } from 'node:fs';
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
const ifPerl = hasPerl && process.platform === 'linux' ? describe : describe.skip;
const titleOf = (title: string): string =>
  hasPerl ? title : `${title} (skipped: there is no perl on this machine)`;

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
