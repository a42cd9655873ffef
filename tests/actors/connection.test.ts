import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { encode } from '@msgpack/msgpack';
import type { WatchEvent } from '../../src/ipc/protocol.js';
import {
  ManualTimers,
  type RawClient,
  respondMessage,
  startHarness,
  until,
} from '../fixtures/front-end-harness.js';

jest.setTimeout(60_000); // on a busy machine

type Harness = Awaited<ReturnType<typeof startHarness>>;
let harness: Harness;
afterEach(() => harness.stop());

const start = async (options: Parameters<typeof startHarness>[0] = {}): Promise<Harness> => {
  harness = await startHarness(options);
  return harness;
};
const greeted = async (): Promise<RawClient> => {
  const client = (await harness.raw()).hello();
  await client.nextOf('hello');
  return client;
};
/** A bystander that has to be served whatever another client does. */
const expectServed = async (client: RawClient): Promise<void> => {
  client.send({ type: 'health', requestId: 'still there' });
  expect(await client.nextOf('reply')).toMatchObject({ requestId: 'still there', result: { ok: true } });
};

describe('greeting', () => {
  test('answers hello with its version and pid', async () => {
    await start();
    const client = (await harness.raw()).hello();
    expect(await client.next()).toEqual({
      type: 'hello',
      protocolVersion: 1,
      daemon: { version: '0.0.0', pid: process.pid },
    });
  });

  test('tells another version apart', async () => {
    await start();
    const client = (await harness.raw()).send({ type: 'hello', protocolVersion: 2, client: 'newer' });
    expect(await client.next()).toMatchObject({
      type: 'error',
      requestId: null,
      error: { code: 'version_mismatch', details: { clientVersion: 2, daemonVersion: 1 } },
    });
    await client.closed;
  });

  test('a client that says nothing is closed at the time limit, one that greeted is not', async () => {
    const timers = new ManualTimers();
    await start({ timers, limits: { handshakeMs: 5_000 } });
    const silent = await harness.raw();
    const quiet = await greeted();
    timers.advance(4_999);
    expect(harness.counters.snapshot().connections).toMatchObject({ open: 2, protocolErrors: 0 });
    timers.advance(1);
    timers.advance(100);
    expect(await silent.next()).toMatchObject({ type: 'error', error: { code: 'malformed_frame' } });
    await silent.closed;
    await expectServed(quiet);
    expect(timers.numPending).toBe(0);
  });

  test('a hello that is read just behind the limit counts: it may have come while the daemon stood still', async () => {
    const timers = new ManualTimers();
    await start({ timers, limits: { handshakeMs: 5_000 } });
    const late = await harness.raw();
    timers.advance(5_000);
    await late.hello().nextOf('hello');
    timers.advance(100);
    await expectServed(late);
  });
});

describe('a client that breaks the protocol is told how and closed, and others do not notice', () => {
  const withoutId = { ...respondMessage('', 'hello'), requestId: null };
  const faults: ReadonlyArray<readonly [name: string, code: string, send: (client: RawClient) => unknown]> = [
    ['no hello first', 'malformed_frame', (client) => client.send({ type: 'health', requestId: '1' })],
    ['hello twice', 'malformed_frame', (client) => client.hello().hello()],
    [
      'an unknown message',
      'unknown_message',
      (client) => client.hello().send({ type: 'dance', requestId: '1' }),
    ],
    ['a request without id', 'malformed_frame', (client) => client.hello().send(withoutId)],
    ['random bytes', 'malformed_frame', (client) => client.hello().sendBytes(Uint8Array.of(0xc1, 1, 2))],
    ['an empty frame', 'malformed_frame', (client) => client.hello().sendBytes(new Uint8Array(0))],
    [
      'an id that is in use',
      'malformed_frame',
      (client) => client.hello().send(respondMessage('1', 'hang')).send(respondMessage('1', 'hang')),
    ],
  ];
  test.each(faults)('%s', async (_name, code, send) => {
    await start();
    const bystander = await greeted();
    const client = await harness.raw();
    send(client);
    expect(await client.nextOf('error')).toMatchObject({ requestId: null, callId: null, error: { code } });
    await client.closed;
    await expectServed(bystander);
    expect(harness.counters.snapshot().connections).toMatchObject({ open: 1, protocolErrors: 1 });
    expect(harness.service.numRunning).toBe(0);
  });

  test('frames of random bytes', async () => {
    await start();
    const bystander = await greeted();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 64 }), { minLength: 1, maxLength: 5 }),
        async (frames) => {
          const client = (await harness.raw()).hello();
          for (const frame of frames) client.sendBytes(frame);
          expect(await client.nextOf('error')).toMatchObject({ requestId: null });
          await client.closed;
        },
      ),
      { numRuns: 200 },
    );
    await expectServed(bystander);
    expect(harness.counters.snapshot().connections.open).toBe(1);
  });

  test('valid messages in any order never harm a bystander', async () => {
    await start();
    const bystander = await greeted();
    const id = fc.constantFrom('1', '2', '3');
    const message = fc.oneof(
      fc.constant({ type: 'hello', protocolVersion: 1, client: 'again' }),
      fc.record({
        type: fc.constantFrom('health', 'status', 'watch', 'cancel', 'models.list'),
        requestId: id,
      }),
      fc.record({ type: fc.constant('tool_output'), requestId: id, callId: id, output: fc.string() }),
      fc
        .tuple(id, fc.constantFrom('count 50', 'forever', 'hang', 'fail', 'refuse', 'bug', 'call ls {}'))
        .map(([requestId, text]) => respondMessage(requestId, text, { toolCalls: 'await' })),
      fc.record({ type: fc.constant('respond'), requestId: id }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 12 }), async (messages) => {
        const client = (await harness.raw()).hello();
        for (const each of messages) client.send(each);
        await client.nextOf('hello');
        client.transport.destroy();
        await until(() => harness.counters.snapshot().connections.open === 1);
        expect({ running: harness.service.numRunning, watchers: harness.service.numWatchers }).toEqual({
          running: 0,
          watchers: 0,
        });
      }),
      { numRuns: 200 },
    );
    await expectServed(bystander);
    expect(harness.counters.snapshot().backpressure).toMatchObject({ pausedStreams: 0, bufferedBytes: 0 });
  });
});

describe('requests', () => {
  test('a wrong field is told to its request; the connection goes on', async () => {
    await start();
    const client = await greeted();
    client.send(respondMessage('1', 'hello', { maxTokens: -1 }));
    expect(await client.nextOf('error')).toMatchObject({
      requestId: '1',
      error: { code: 'invalid_request' },
    });
    await expectServed(client);
  });

  test('each is answered with its own id and result', async () => {
    await start();
    const client = await greeted();
    for (const type of ['status', 'models.list', 'models.unload']) client.send({ type, requestId: type });
    client.send({ type: 'models.inspect', requestId: 'inspect', checkpoint: '/nowhere' });
    client.send({ type: 'models.load', requestId: 'load', checkpoint: null });
    client.send({ type: 'shutdown', requestId: 'stop', mode: 'drain' });
    await until(() => client.received.length === 7);
    const byId = new Map(
      client.received.slice(1).map((message) => ['requestId' in message ? message.requestId : '', message]),
    );
    expect(byId.get('status')).toMatchObject({
      type: 'reply',
      result: { slots: { total: 4 }, connections: { open: 1 } },
    });
    expect(byId.get('models.list')).toMatchObject({ type: 'reply', result: [{ name: 'scripted' }] });
    expect(byId.get('models.unload')).toMatchObject({ type: 'reply', result: null });
    expect(byId.get('inspect')).toMatchObject({ type: 'error', error: { code: 'model_not_found' } });
    expect(byId.get('load')).toMatchObject({ type: 'reply', result: { backend: 'scripted' } });
    expect(byId.get('stop')).toMatchObject({ type: 'reply', result: null });
    expect(harness.service.shutdowns).toEqual(['drain']);
  });

  test('a refused response ends with its error, and its id is free again', async () => {
    await start();
    const client = await greeted();
    client.send(respondMessage('1', 'refuse'));
    expect(await client.nextOf('error')).toMatchObject({
      requestId: '1',
      error: { code: 'queue_full', details: { retryAfterMs: 2000 } },
    });
    client.send(respondMessage('1', 'hello'));
    expect(await client.nextOf('completed')).toMatchObject({ requestId: '1' });
  });

  test('a bug in the service is told as one and harms only its request', async () => {
    await start();
    const client = await greeted();
    client.send(respondMessage('1', 'bug'));
    expect(await client.nextOf('error')).toMatchObject({
      requestId: '1',
      error: { code: 'invariant_violated' },
    });
    await expectServed(client);
  });

  test('more at once than the limit are refused, not queued', async () => {
    await start({ limits: { maxInFlight: 2 } });
    const client = await greeted();
    for (const id of ['1', '2', '3']) client.send(respondMessage(id, 'hang'));
    expect(await client.nextOf('error')).toMatchObject({ requestId: '3', error: { code: 'queue_full' } });
    client.send({ type: 'cancel', requestId: '1' });
    await client.nextOf('completed');
    await expectServed(client);
  });
});

describe('responses', () => {
  test('two clients may choose the same id', async () => {
    await start();
    const [one, two] = [await greeted(), await greeted()];
    one.send(respondMessage('1', 'hang'));
    two.send(respondMessage('1', 'count 2'));
    expect(await two.nextOf('completed')).toMatchObject({ requestId: '1', sequence: 3 });
    one.send({ type: 'cancel', requestId: '1' });
    expect(await one.nextOf('completed')).toMatchObject({ requestId: '1', finishReason: 'cancelled' });
    expect(new Set(harness.service.requests.map(({ requestId }) => requestId)).size).toBe(2);
  });

  test('a cancel that crosses the last event, or names nothing, is ignored', async () => {
    await start();
    const client = await greeted();
    client
      .send(respondMessage('1', 'count 1'))
      .send({ type: 'cancel', requestId: '1' })
      .send({ type: 'cancel', requestId: 'x' });
    expect(await client.nextOf('completed')).toMatchObject({ finishReason: 'stop' });
    await expectServed(client);
  });

  test('another client of the same user cancels by the qualified id that watch shows', async () => {
    await start();
    const [one, two] = [await greeted(), await greeted()];
    one.send(respondMessage('1', 'hang'));
    await one.nextOf('created');
    two.send({ type: 'cancel', requestId: harness.service.requests[0]?.requestId });
    expect(await one.nextOf('completed')).toMatchObject({ finishReason: 'cancelled' });
  });

  test('a client that goes has all its requests cancelled at once', async () => {
    await start();
    const client = await greeted();
    for (const id of ['1', '2', '3']) client.send(respondMessage(id, 'hang'));
    client.send({ type: 'watch', requestId: '4' });
    await until(() => harness.service.numRunning === 3 && harness.service.numWatchers === 1);
    client.transport.destroy();
    await until(() => harness.service.numRunning === 0);
    expect(harness.service.cancellations.map(({ reason }) => reason)).toEqual([
      'client_gone',
      'client_gone',
      'client_gone',
    ]);
    expect(harness.service.numWatchers).toBe(0);
  });

  test('an output for a call nobody made is refused without ending the response', async () => {
    await start();
    const client = await greeted();
    client.send(respondMessage('1', 'call ls {}', { toolCalls: 'await' }));
    await client.nextOf('output_item.done');
    client.send({ type: 'tool_output', requestId: '1', callId: 'other', output: '' });
    expect(await client.nextOf('error')).toMatchObject({
      requestId: '1',
      callId: 'other',
      error: { code: 'invalid_request' },
    });
    client.send({ type: 'tool_output', requestId: '1', callId: 'call_1', output: 'a.txt' });
    expect(await client.nextOf('output_text.delta')).toMatchObject({ text: 'the tool said a.txt' });
    client.send({ type: 'tool_output', requestId: '1', callId: 'call_1', output: 'too late' });
    await expectServed(client);
  });
});

describe('backpressure', () => {
  const NUM_DELTAS = 20_000;

  test('a client that does not read pauses its own stream; nothing is lost when it reads again', async () => {
    await start({ limits: { highWaterBytes: 4096 } });
    const [slow, quick] = [await greeted(), await greeted()];
    slow.transport.pause();
    slow.send(respondMessage('1', `count ${NUM_DELTAS}`));
    await until(() => harness.counters.snapshot().backpressure.pausedStreams === 1);
    const { bufferedBytes, peakBufferedBytes } = harness.counters.snapshot().backpressure;
    expect(bufferedBytes).toBeLessThan(8192);
    expect(peakBufferedBytes).toBeLessThan(8192);

    quick.send(respondMessage('1', `count ${NUM_DELTAS}`));
    expect(await quick.nextOf('completed')).toMatchObject({ sequence: NUM_DELTAS + 1 });
    expect(slow.received).toHaveLength(1);

    slow.transport.resume();
    await slow.nextOf('completed');
    const sequences = slow.received.flatMap((message) => ('sequence' in message ? [message.sequence] : []));
    expect(sequences).toEqual(Array.from({ length: NUM_DELTAS + 2 }, (_, i) => i));
    expect(harness.counters.snapshot().backpressure).toMatchObject({ pausedStreams: 0, bufferedBytes: 0 });
  });

  test('a paused stream can be cancelled, and one whose client goes is let go', async () => {
    await start({ limits: { highWaterBytes: 4096 } });
    const client = await greeted();
    client.transport.pause();
    client.send(respondMessage('1', 'count 1000000')).send(respondMessage('2', 'count 1000000'));
    await until(() => harness.counters.snapshot().backpressure.pausedStreams === 2);
    client.send({ type: 'cancel', requestId: '1' });
    await until(() => harness.service.numRunning === 1);
    expect(harness.counters.snapshot().backpressure.pausedStreams).toBe(1);
    client.transport.destroy();
    await until(() => harness.service.numRunning === 0);
    expect(harness.counters.snapshot().backpressure).toMatchObject({ pausedStreams: 0, bufferedBytes: 0 });
  });

  test('a client that only asks and never reads is no longer read, and costs a bounded amount', async () => {
    await start({ limits: { highWaterBytes: 4096, pauseRequestsBytes: 16_384 } });
    const client = await greeted();
    const bystander = await greeted();
    client.transport.pause();
    for (let i = 0; i < 10_000; i++) client.send({ type: 'status', requestId: `s${i}` });
    await until(() => harness.counters.snapshot().backpressure.bufferedBytes > 16_384);
    await expectServed(bystander);
    expect(harness.counters.snapshot().backpressure.bufferedBytes).toBeLessThan(32_768);
    client.transport.resume();
    await until(() => client.received.length === 10_001);
  });

  test('a watcher that does not read loses events and is told how many', async () => {
    await start({ limits: { highWaterBytes: 4096 } });
    const watcher = await greeted();
    watcher.send({ type: 'watch', requestId: 'w' });
    await until(() => harness.service.numWatchers === 1);
    watcher.transport.pause();
    const log = (at: number): WatchEvent => ({
      kind: 'log',
      at,
      level: 'info',
      message: 'x'.repeat(100),
      fields: {},
    });
    for (let i = 0; i < 1000; i++) harness.service.emit(log(i));
    const dropped = harness.counters.snapshot().backpressure.droppedWatchEvents;
    expect(dropped).toBeGreaterThan(900);
    watcher.transport.resume();
    await until(() => harness.counters.snapshot().backpressure.bufferedBytes === 0);
    harness.service.emit(log(1000));
    watcher.send({ type: 'cancel', requestId: 'w' });
    expect(await watcher.nextOf('reply')).toMatchObject({ requestId: 'w', result: null });
    const events = watcher.received.flatMap((message) => (message.type === 'watch.event' ? [message] : []));
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_event, i) => i));
    expect(events.map(({ event }) => event)).toContainEqual({ kind: 'dropped', at: 999, count: dropped });
    expect(events.map(({ event }) => event.kind)).toContain('snapshot');
    expect(events.length + dropped).toBe(1003); // 1001 log lines, the note and a snapshot to go on from
    expect(harness.service.numWatchers).toBe(0);
  });
});

test('frames as another library writes them are understood', async () => {
  await start();
  const client = await greeted();
  client.sendBytes(encode(respondMessage('1', 'hello')));
  expect(await client.nextOf('output_text.delta')).toMatchObject({ text: 'hello' });
});
