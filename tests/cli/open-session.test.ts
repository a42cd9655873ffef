// How the command line finds its daemon on a machine that is busy with others.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { loadCliConfig } from '../../src/cli/cli-config.js';
import type { CliContext } from '../../src/cli/context.js';
import { openDaemon, openSession } from '../../src/cli/open-session.js';
import { withDeadline } from '../../src/cli/with-deadline.js';
import { startHarness } from '../fixtures/front-end-harness.js';

const NOTICE = 'codexpc: the daemon has not answered yet; waiting …\n';

describe('a daemon that gets no time of the processor', () => {
  let harness: Awaited<ReturnType<typeof startHarness>>;
  let server: Server;
  let path = '';
  const waiting: Socket[] = [];

  beforeEach(async () => {
    harness = await startHarness({ onSocket: true });
    path = join(harness.directory, 'busy.sock');
    server = createServer((socket) => waiting.push(socket));
    await new Promise<void>((resolve) => server.listen(path, resolve));
    jest.useFakeTimers({
      doNotFake: ['nextTick', 'setImmediate', 'clearImmediate', 'queueMicrotask', 'performance'],
    });
  });
  afterEach(async () => {
    jest.useRealTimers();
    waiting.splice(0).forEach((socket) => socket.destroy());
    server.close();
    await harness.stop();
  });

  const opened = () => {
    const stderr = new PassThrough();
    const context: CliContext = {
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      stderr,
      env: {},
      place: { platform: 'linux', env: {}, home: harness.directory },
      onSignal: () => () => {},
      onExit: () => () => {},
      exitNow: () => {
        throw new Error('exited');
      },
    };
    const config = loadCliConfig(context, { socket: path });
    return { context, config, said: () => (stderr.read() as Buffer | null)?.toString() ?? '' };
  };
  /** Lets what is under way over sockets go on: a few turns of the event loop do. */
  const connected = async (): Promise<void> => {
    while (waiting.length === 0) await new Promise((resolve) => setImmediate(resolve));
  };
  const wake = (): void =>
    waiting.splice(0).forEach((socket) => {
      const behind = connect(harness.path);
      socket.pipe(behind).pipe(socket);
      behind.on('close', () => socket.destroy());
    });

  test('is waited for by who wants an answer, who is told so', async () => {
    const { context, config, said } = opened();
    const session = openSession(context, config, { inProcess: false, verbose: false, checkpoint: null });
    await connected();
    jest.advanceTimersByTime(4_000);
    expect(said()).toBe('');
    jest.advanceTimersByTime(16_000);
    expect(said()).toBe(NOTICE);
    wake();
    const { where, close } = await session;
    expect(where).toBe('daemon');
    await close();
  });

  test('is given up after half a minute, with what to do', async () => {
    const { context, config } = opened();
    const session = openSession(context, config, { inProcess: false, verbose: false, checkpoint: null });
    const refused = expect(session).rejects.toMatchObject({
      code: 'io_error',
      message: expect.stringMatching(/has not answered within 30 s\. On a very busy machine try again later/),
    });
    await connected();
    jest.advanceTimersByTime(31_000);
    await refused;
  });

  test('is given up sooner by who only asks how it is', async () => {
    const refused = expect(openDaemon(opened().config)).rejects.toThrow(/has not answered within 5 s/);
    await connected();
    jest.advanceTimersByTime(6_000);
    await refused;
  });
});

describe('an answer that came while this process stood still', () => {
  test('counts, though its deadline has passed meanwhile', async () => {
    const server = createServer((socket) => socket.end('here')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
    await once(server, 'connection');
    const answer = once(socket, 'data').then(String);
    const deadline = withDeadline(answer, 1, () => new Error('late'));
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    expect(await deadline).toBe('here');
    server.close();
  });
});
