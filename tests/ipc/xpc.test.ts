// The XPC transport and listener over a stand-in of libxpc, with the front end and the client that serve the Unix socket.

import { mkdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { connectXpc, XpcTransport } from '../../src/ipc/transports/xpc.js';
import type { XpcAddon, XpcHandle } from '../../src/ipc/transports/xpc-addon.js';
import { CliHome } from '../cli/cli-harness.js';
import {
  ManualTimers,
  OUR_UID,
  RawClient,
  respondMessage,
  startHarness,
  until,
} from '../fixtures/front-end-harness.js';
import { buildStandIn, Launchd, loadStandIn } from '../fixtures/xpc-stand-in.js';

jest.setTimeout(60_000);

const standIn = buildStandIn();
const withStandIn = standIn === null ? describe.skip : describe;
if (standIn === null) process.stderr.write('xpc: skipped, because it needs Linux and clang (blocks)\n');

/** Remembers what it was told, and acknowledges when the test says so. */
class FakeHandle implements XpcHandle {
  readonly sent: Uint8Array[] = [];
  numAcknowledged = 0;
  isCancelled = false;
  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
  }
  acknowledge(): void {
    this.numAcknowledged += 1;
  }
  cancel(): void {
    this.isCancelled = true;
  }
}

describe('the XPC transport', () => {
  const opened = (options: ConstructorParameters<typeof XpcTransport>[1] = {}) => {
    const handle = new FakeHandle();
    const transport = new XpcTransport(handle, options);
    const told: string[] = [];
    transport.open({
      message: (bytes) => told.push(`message ${bytes.length}`),
      drain: () => told.push('drain'),
      fault: (error) => told.push(`fault ${error.code}`),
      close: () => told.push('close'),
    });
    return { handle, transport, told };
  };

  test('keeps what goes over the window to itself, and tells when there is room again', () => {
    const { handle, transport, told } = opened();
    const piece = new Uint8Array(100 * 1024);
    expect([1, 2, 3, 4, 5].map(() => transport.send(piece))).toEqual([true, true, false, false, false]);
    expect(handle.sent.length).toBe(3);
    expect(transport.bufferedBytes).toBe(500 * 1024);
    for (let acknowledged = 0; acknowledged < 3; acknowledged++) {
      transport.take(['acknowledged', 0, piece.length]);
    }
    expect(handle.sent.length).toBe(5);
    expect(told).toEqual([]);
    transport.take(['acknowledged', 0, piece.length]);
    expect(told).toEqual(['drain']);
  });

  test('bounds the number of frames under way too', () => {
    const { handle, transport } = opened();
    for (let count = 0; count < 2_000; count++) transport.send(new Uint8Array(1));
    expect(handle.sent.length).toBe(1_024);
  });

  test('acknowledges a frame when it is read, not when it comes', () => {
    const { handle, transport, told } = opened();
    transport.pause();
    transport.take(['received', 0, new Uint8Array(3)]);
    expect([handle.numAcknowledged, told]).toEqual([0, []]);
    transport.resume();
    expect([handle.numAcknowledged, told]).toEqual([1, ['message 3']]);
  });

  test('closes when everything has been read by the peer, or after a moment', () => {
    const { handle, transport } = opened();
    transport.send(new Uint8Array(3));
    transport.close();
    expect(handle.isCancelled).toBe(false);
    transport.take(['acknowledged', 0, 3]);
    expect(handle.isCancelled).toBe(true);

    const timers = new ManualTimers();
    const slow = opened({ timers });
    slow.transport.send(new Uint8Array(3));
    slow.transport.close();
    timers.advance(1_000);
    expect(slow.handle.isCancelled).toBe(true);
  });

  test('while it closes, reads on and discards, so that the peer comes to see the last frame', () => {
    const { handle, transport, told } = opened();
    transport.send(new Uint8Array(3));
    transport.close();
    transport.take(['received', 0, new Uint8Array(5)]);
    expect([handle.numAcknowledged, told]).toEqual([1, []]);
  });

  test('one that waits for a peer to read sees that it is gone', async () => {
    const { transport, told } = opened();
    transport.send(new Uint8Array(1024 * 1024));
    transport.pause();
    transport.take(['received', 0, new Uint8Array(3)]);
    transport.take(['ended', 0, 'interrupted']);
    expect(told).toEqual(['drain']);
    transport.resume();
    await Promise.resolve();
    expect(told).toEqual(['drain', 'message 3', 'close']);
  });

  test('a fault comes after what was understood', () => {
    const { transport, told } = opened();
    transport.pause();
    transport.take(['received', 0, new Uint8Array(3)]);
    transport.take(['faulted', 0, 'a message without a frame came']);
    expect(told).toEqual([]);
    transport.resume();
    expect(told).toEqual(['message 3', 'fault malformed_frame']);
  });
});

withStandIn('the front end over XPC', () => {
  let launchd: Launchd;
  let addon: XpcAddon;
  let stop: () => Promise<void>;
  beforeEach(() => {
    launchd = new Launchd();
    addon = loadStandIn(standIn!);
    stop = async () => {};
  });
  afterEach(async () => {
    await stop();
    launchd[Symbol.dispose]();
  });

  const start = async (limits = {}) => {
    const harness = await startHarness({
      xpc: { addon, service: launchd.service, requirement: '', uid: OUR_UID },
      limits,
    });
    stop = harness.stop;
    return harness;
  };

  test('serves what it serves on the socket: health, a stream, a cancel', async () => {
    const { client, service } = await start();
    const one = client();
    expect(await one.health()).toMatchObject({ ok: true });
    const response = one.respond({
      items: [{ kind: 'message', role: 'user', text: 'count 50', channel: null }],
    });
    const events = [];
    for await (const event of response) events.push(event.type);
    expect(events[0]).toBe('created');
    expect(events.filter((type) => type === 'output_text.delta').length).toBeGreaterThan(10);
    expect(events.at(-1)).toBe('completed');
    expect(service.numRunning).toBe(0);
    one.close();
  });

  test('a client that does not read pauses its own stream alone, and gets everything in the end', async () => {
    const { raw, service, counters, client } = await start();
    const sleeper = (await raw()).hello();
    await sleeper.nextOf('hello');
    sleeper.transport.pause();
    sleeper.send(respondMessage('1', 'count 50000'));
    await until(() => counters.snapshot().backpressure.pausedStreams === 1);
    expect(await client().health()).toMatchObject({ ok: true });
    expect(service.numRunning).toBe(1);
    sleeper.transport.resume();
    expect(await sleeper.nextOf('completed')).toMatchObject({ sequence: 50001 });
    sleeper.transport.close();
    await sleeper.closed;
  });

  test('a request of 3 MiB arrives', async () => {
    const { raw } = await start();
    const connection = (await raw()).hello();
    const text = 'x'.repeat(3 * 1024 * 1024);
    connection.send(respondMessage('1', `echo ${text}`, { include: ['commentary'] }));
    await connection.nextOf('created');
    connection.transport.close();
    await connection.closed;
  });

  test('a broken frame is told and closes that connection alone', async () => {
    const { raw } = await start();
    const good = (await raw()).hello();
    const bad = (await raw()).hello();
    bad.sendBytes(Uint8Array.of(0xc1));
    expect(await bad.nextOf('error')).toMatchObject({ error: { code: 'malformed_frame' } });
    await bad.closed;
    good.send({ type: 'health', requestId: '1' });
    expect(await good.nextOf('reply')).toMatchObject({ requestId: '1' });
    good.transport.destroy();
    await good.closed;
  });

  test('closes with connections open: the last events still arrive', async () => {
    const { raw, frontEnd, service } = await start();
    const reader = (await raw()).hello().send(respondMessage('1', 'count 100000'));
    await until(() => service.numRunning === 1);
    await frontEnd.close();
    expect(await reader.nextOf('completed')).toMatchObject({ finishReason: 'cancelled' });
    await reader.closed;
  });

  test('a service that launchd does not know is told in one sentence, on both sides', async () => {
    const transport = connectXpc({ addon, service: 'com.yourorg.nobody', requirement: '' });
    const lost = new Promise((resolve) => {
      transport.open({ message: () => {}, drain: () => {}, fault: resolve, close: () => {} });
    });
    transport.send(Uint8Array.of(0x80));
    expect(await lost).toMatchObject({
      code: 'io_error',
      message: expect.stringMatching(/^cannot reach the daemon at the Mach service com\.yourorg\.nobody/),
    });
    let told: unknown = null;
    const { XpcListener } = await import('../../src/actors/xpc-listener.js');
    const listener = new XpcListener({
      addon,
      service: 'com.yourorg.nobody',
      requirement: '',
      uid: OUR_UID,
      maxFrameBytes: 1024,
      onConnection: () => transport,
      onRefused: () => {},
      onError: (error) => (told = error),
    });
    await listener.listen();
    await until(() => told !== null);
    expect(told).toMatchObject({ code: 'address_in_use' });
    await listener.close();
  });

  test('a requirement that cannot be understood is the caller’s fault', () => {
    expect(() => connectXpc({ addon, service: launchd.service, requirement: '!' })).toThrow(
      'cannot be understood',
    );
  });

  test('another user is refused, and counted', async () => {
    const harness = await startHarness({
      xpc: { addon, service: launchd.service, requirement: '', uid: OUR_UID + 1 },
    });
    stop = harness.stop;
    const stranger = new RawClient(connectXpc({ addon, service: launchd.service, requirement: '' }));
    stranger.hello();
    // Once or more: libxpc connects again by itself until it is told to end.
    await until(() => harness.counters.snapshot().connections.refused >= 1);
    await stranger.closed;
    expect(stranger.received).toEqual([]);
  });
});

withStandIn('the command line over XPC', () => {
  let home: CliHome;
  let launchd: Launchd;
  let env: Record<string, string>;
  beforeEach(() => {
    home = new CliHome();
    launchd = new Launchd();
    env = { CODEXPC_TEST_XPC_ADDON: standIn!.addonPath };
    mkdirSync(home.path('.config', 'codexpc'), { recursive: true });
    writeFileSync(
      home.path('.config', 'codexpc', 'config.toml'),
      `[daemon]\nxpc_service = "${launchd.service}"\n`,
    );
  });
  afterEach(() => {
    home[Symbol.dispose]();
    launchd[Symbol.dispose]();
  });
  const daemon = () => home.start(['daemon', '--xpc-service', launchd.service], { env });

  test('the same daemon serves both; one that was killed is replaced, and clients come back', async () => {
    const first = daemon();
    await first.printed('ready');
    for (const transport of ['xpc', 'unix']) {
      expect(await home.run(['health', '--transport', transport], { env })).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('health: ok'),
      });
    }
    const answer = await home.run(['run', '--transport', 'xpc', 'hello'], { env });
    expect(answer).toMatchObject({ code: 0 });
    expect(answer.stdout.trim()).not.toBe('');

    first.child.kill('SIGKILL');
    await first.done;
    const waiting = home.run(['health', '--transport', 'xpc'], { env }); // launchd holds its message
    const second = daemon();
    expect(await waiting).toMatchObject({ code: 0 });
    second.child.kill('SIGTERM');
    expect(await second.done).toMatchObject({ code: 0 });
  });

  test('a daemon that is killed in an answer ends it with a sentence', async () => {
    const doomed = home.start(['daemon', '--xpc-service', launchd.service], { env, engine: 'slow' });
    await doomed.printed('ready');
    const run = home.start(['run', '--transport', 'xpc', 'count 100000'], { env });
    await run.printed('xx');
    doomed.child.kill('SIGKILL');
    const { code, stderr } = await run.done;
    expect(code).toBe(111);
    expect(stderr).toMatch(/The connection to the daemon ended/);
  });

  test('without XPC it says what to use instead', async () => {
    const { code, stdout } = await home.run(['health', '--transport', 'xpc']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/XPC connections exist on macOS only.*--transport unix/);
  });
});
