import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { encode } from '@msgpack/msgpack';
import { claimSocketAddress } from '../../src/actors/socket-address.js';
import type { SystemCalls } from '../../src/actors/system-calls.js';
import { joinFrames } from '../../src/ipc/framing.js';
import {
  openCalls,
  OUR_UID,
  RawClient,
  respondMessage,
  startHarness,
  until,
} from '../fixtures/front-end-harness.js';

jest.setTimeout(60_000); // on a busy machine

type Harness = Awaited<ReturnType<typeof startHarness>>;
let harness: Harness;
afterEach(() => harness.stop());
const start = async (options: Parameters<typeof startHarness>[0] = {}): Promise<Harness> => {
  harness = await startHarness({ onSocket: true, ...options });
  return harness;
};
const hello = { type: 'hello', protocolVersion: 1, client: 'test' };
const frames = (...messages: unknown[]): Buffer => joinFrames(messages.map((message) => encode(message)));
const connected = async (path: string): Promise<Socket> => {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
};
const everythingFrom = async (socket: Socket): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks);
};
const isFree = (): boolean => harness.counters.snapshot().connections.open === 0;

describe('the socket', () => {
  test('is private whatever the umask, in a private directory', async () => {
    const umask = process.umask(0);
    try {
      await start();
    } finally {
      process.umask(umask);
    }
    expect(statSync(harness.path).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(harness.path)).mode & 0o777).toBe(0o700);
    expect(process.umask()).toBe(umask);
  });

  test('is gone when the front end has closed, and can be opened again', async () => {
    await start();
    const client = new RawClient(await harness.openTransport()).hello();
    await client.nextOf('hello');
    await harness.frontEnd.close();
    await client.closed;
    expect(existsSync(harness.path)).toBe(false);
    const again = harness.create();
    await again.open();
    expect(await harness.client().health()).toMatchObject({ ok: true });
    await again.close();
  });

  test('closes after what was sent has been handed over, and does not wait for a client that reads nothing', async () => {
    await start();
    const reader = (await harness.raw()).hello().send(respondMessage('1', 'count 5000'));
    const sleeper = (await harness.raw()).hello().send(respondMessage('1', 'count 100000'));
    sleeper.transport.pause();
    await until(() => harness.service.requests.length === 2 && harness.service.numRunning === 1);
    await harness.frontEnd.close();
    expect(await reader.nextOf('completed')).toMatchObject({ sequence: 5001 });
    await reader.closed;
    expect(harness.service.numRunning).toBe(0);
    expect(harness.counters.snapshot()).toMatchObject({
      connections: { open: 0 },
      backpressure: { pausedStreams: 0 },
    });
  });

  test('left behind by a daemon that was killed is replaced', async () => {
    await start();
    await harness.frontEnd.close();
    const corpse = spawn(process.execPath, [
      '-e',
      `require('node:net').createServer().listen(${JSON.stringify(harness.path)}, () => process.kill(process.pid, 'SIGKILL'))`,
    ]);
    await once(corpse, 'exit');
    expect(lstatSync(harness.path).isSocket()).toBe(true);
    const next = harness.create();
    await next.open();
    expect(await harness.client().health()).toMatchObject({ ok: true });
    await next.close();
  });

  test('that somebody without a lock serves is not taken', async () => {
    await start();
    await harness.frontEnd.close();
    const other = createServer().listen(harness.path);
    await once(other, 'listening');
    await expect(harness.create().open()).rejects.toMatchObject({ code: 'address_in_use' });
    expect(lstatSync(harness.path).isSocket()).toBe(true);
    other.close();
  });

  test('does not replace a file that is no socket', async () => {
    await start();
    await harness.frontEnd.close();
    writeFileSync(harness.path, 'precious');
    await expect(harness.create().open()).rejects.toMatchObject({ code: 'io_error' });
    expect(readFileSync(harness.path, 'utf8')).toBe('precious');
  });

  test('a second daemon is told the pid of the first, which serves on', async () => {
    const locked = new Set<number>();
    const calls: SystemCalls = {
      ...openCalls,
      lockFile: () => locked.size === 0 && locked.add(1) !== undefined,
    };
    await start({ calls });
    await expect(harness.create().open()).rejects.toMatchObject({
      code: 'address_in_use',
      details: { pid: process.pid },
      message: expect.stringContaining(`pid ${process.pid}`),
    });
    expect(await harness.client().health()).toMatchObject({ ok: true });
  });

  test('a directory that others may write to is refused', async () => {
    await start();
    await harness.frontEnd.close();
    const path = join(harness.directory, 'open', 'codexpc.sock');
    mkdirSync(dirname(path));
    chmodSync(dirname(path), 0o777);
    expect(() => claimSocketAddress({ path, uid: OUR_UID, pid: 1, calls: openCalls })).toThrow('chmod 700');
    expect(() =>
      claimSocketAddress({ path: harness.path, uid: OUR_UID + 1, pid: 1, calls: openCalls }),
    ).toThrow('another user');
    expect(() =>
      claimSocketAddress({ path: `/tmp/${'x'.repeat(200)}`, uid: OUR_UID, pid: 1, calls: openCalls }),
    ).toThrow('longer');
  });
});

describe('peers', () => {
  test.each([
    ['another user', () => OUR_UID + 1],
    [
      'one the kernel does not name',
      () => {
        throw new Error('ENOTCONN');
      },
    ],
  ])('%s is closed without an answer', async (_name, peerUid) => {
    await start({ calls: { ...openCalls, peerUid } });
    const socket = await connected(harness.path);
    expect(await everythingFrom(socket)).toHaveLength(0);
    expect(harness.counters.snapshot().connections).toMatchObject({ open: 0, accepted: 0, refused: 1 });
  });

  test('that come in the same moment are all let in, a thousand of them', async () => {
    await start();
    // Each connect() is one system call, and the listener's turn comes when all have been made.
    const crowd = Array.from({ length: 1_000 }, () => connected(harness.path));
    const sockets = await Promise.all(crowd);
    await until(() => harness.counters.snapshot().connections.open === 1_000);
    sockets.forEach((socket) => socket.destroy());
  });

  test('beyond the limit are told so; there is room again when one has gone', async () => {
    await start({ limits: { maxConnections: 2 } });
    const first = [await harness.raw(), await harness.raw()];
    await until(() => harness.counters.snapshot().connections.open === 2);
    const third = await harness.raw();
    expect(await third.next()).toMatchObject({ type: 'error', error: { code: 'insufficient_resources' } });
    await third.closed;
    first[0]?.transport.destroy();
    await until(() => harness.counters.snapshot().connections.open === 1);
    const fourth = (await harness.raw()).hello();
    await fourth.nextOf('hello');
  });
});

describe('streams of bytes', () => {
  const coded = (bytes: Buffer, code: string): boolean => bytes.includes(code);

  test('a frame over the limit is refused by its header', async () => {
    await start({ limits: { maxFrameBytes: 1000 } });
    const socket = await connected(harness.path);
    const answer = everythingFrom(socket);
    socket.write(Buffer.concat([frames(hello), Buffer.from([0, 0, 3, 0xe9])]));
    expect(coded(await answer, 'malformed_frame')).toBe(true);
    await until(isFree);
  });

  test('a client in the middle of an endless frame still comes to read why', async () => {
    await start({ limits: { maxFrameBytes: 1000 } });
    const socket = await connected(harness.path);
    const answer = everythingFrom(socket);
    socket.on('error', () => {});
    socket.write(Buffer.concat([Buffer.from([0x10, 0, 0, 0]), Buffer.alloc(4 * 1024 * 1024)]));
    expect(coded(await answer, 'malformed_frame')).toBe(true);
    await until(isFree);
  });

  test('a stream that ends inside a frame is told so', async () => {
    await start();
    const socket = await connected(harness.path);
    const answer = everythingFrom(socket);
    socket.end(Buffer.concat([frames(hello), Buffer.from([0, 0, 0, 9, 1])]));
    expect(coded(await answer, 'the stream ended inside a frame')).toBe(true);
    await until(isFree);
    expect(harness.counters.snapshot().connections.protocolErrors).toBe(1);
  });

  test('a client that ends its side has gone, even with its answer unread', async () => {
    await start({ limits: { highWaterBytes: 8192 } });
    const socket = await connected(harness.path);
    socket.pause();
    socket.write(frames(hello, respondMessage('1', 'count 1000000')));
    await until(() => harness.counters.snapshot().backpressure.pausedStreams === 1);
    socket.end();
    await until(() => harness.service.numRunning === 0);
    expect(harness.service.cancellations).toMatchObject([{ reason: 'client_gone' }]);
    await until(isFree);
    socket.destroy();
  });

  test('bytes may come one at a time', async () => {
    await start();
    const socket = await connected(harness.path);
    socket.setNoDelay(true);
    const answer = everythingFrom(socket);
    for (const byte of frames(hello, respondMessage('1', 'hello'))) {
      socket.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => harness.service.requests.length === 1);
    socket.end();
    expect(coded(await answer, 'output_item.done')).toBe(true);
  });

  test('random bytes never harm a bystander', async () => {
    await start();
    const bystander = harness.client();
    await bystander.health();
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        fc.boolean(),
        async (bytes, greets) => {
          const socket = await connected(harness.path);
          socket.on('error', () => {});
          socket.end(greets ? Buffer.concat([frames(hello), bytes]) : bytes);
          await everythingFrom(socket);
        },
      ),
      { numRuns: 200 },
    );
    expect(await bystander.health()).toMatchObject({ ok: true });
    await until(() => harness.counters.snapshot().connections.open === 1);
  });
});

describe('many clients', () => {
  test('64 at once: no event is lost or reordered', async () => {
    await start({ limits: { highWaterBytes: 16 * 1024 } });
    const NUM_DELTAS = 500;
    await Promise.all(
      Array.from({ length: 64 }, async (_, i) => {
        const client = harness.client();
        const sequences: number[] = [];
        const texts: string[] = [];
        for await (const event of client.respond({ items: [user(`count ${NUM_DELTAS + i}`)] })) {
          sequences.push(event.sequence);
          if (event.type === 'output_text.delta') texts.push(event.text);
        }
        expect(sequences).toEqual(Array.from({ length: NUM_DELTAS + i + 2 }, (_event, sequence) => sequence));
        expect(texts).toEqual(Array.from({ length: NUM_DELTAS + i }, (_event, n) => `${n} `));
        client.close();
      }),
    );
    await until(isFree);
    expect(harness.counters.snapshot()).toMatchObject({
      connections: { accepted: 64, protocolErrors: 0 },
      backpressure: { pausedStreams: 0, bufferedBytes: 0 },
    });
  }, 30_000);

  test('200 that connect and vanish, some of them in the middle of an answer, leave nothing behind', async () => {
    await start();
    const bystander = harness.client();
    await bystander.health();
    await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const socket = await connected(harness.path);
        socket.on('error', () => {});
        if (i % 4 === 1) socket.write(frames(hello));
        if (i % 4 === 2) socket.write(frames(hello, respondMessage('1', 'forever')));
        if (i % 4 === 3)
          socket.write(Buffer.concat([frames(hello, respondMessage('1', 'hang')), Buffer.from([0, 0])]));
        if (i % 8 > 3) await new Promise((resolve) => setImmediate(resolve));
        socket.destroy();
      }),
    );
    await until(() => harness.counters.snapshot().connections.open === 1 && harness.service.numRunning === 0);
    expect(await bystander.health()).toMatchObject({ ok: true });
    expect(harness.service.cancellations.every(({ reason }) => reason === 'client_gone')).toBe(true);
    expect(harness.counters.snapshot().backpressure).toMatchObject({ pausedStreams: 0, bufferedBytes: 0 });
    bystander.close();
  }, 30_000);

  test('one that reads a byte now and then pauses its own stream; the daemon holds a bounded amount for it', async () => {
    await start({ limits: { highWaterBytes: 8192 } });
    const socket = await connected(harness.path);
    socket.pause();
    socket.write(frames(hello, respondMessage('1', 'count 100000')));
    await until(() => harness.counters.snapshot().backpressure.pausedStreams === 1);
    for (let i = 0; i < 50; i++) {
      socket.read(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const client = harness.client();
    expect(await client.respond({ items: [user('count 3')] }).text()).toBe('0 1 2 ');
    expect(harness.counters.snapshot().backpressure.peakBufferedBytes).toBeLessThan(64 * 1024);
    expect(harness.service.numRunning).toBe(1);
    socket.destroy();
    client.close();
    await until(() => isFree() && harness.service.numRunning === 0);
  });
});

const user = (text: string) => ({ kind: 'message', role: 'user', text, channel: null }) as const;
