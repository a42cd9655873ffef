import { afterEach, describe, expect, jest, test } from '@jest/globals';
import {
  CodexpcError,
  type ClientFunction,
  type ClientTool,
  connect,
  Conversation,
} from '../../src/client/index.js';
import { serviceOf } from '../../src/client/auto-start.js';
import type { ResponseEvent, WatchEvent } from '../../src/ipc/protocol.js';
import { startHarness, until } from '../fixtures/front-end-harness.js';

jest.setTimeout(60_000); // on a busy machine

type Harness = Awaited<ReturnType<typeof startHarness>>;
let harness: Harness;
afterEach(() => harness.stop());
const start = async (options: Parameters<typeof startHarness>[0] = {}): Promise<Harness> => {
  harness = await startHarness(options);
  return harness;
};
const say = (text: string) => Conversation.empty.user(text).request();
const pausedStreams = (): number => harness.counters.snapshot().backpressure.pausedStreams;

describe.each([
  ['in memory', false],
  ['over a socket', true],
])('a client %s', (_name, onSocket) => {
  test('asks and is answered', async () => {
    await start({ onSocket });
    const client = harness.client();
    expect(await client.health()).toMatchObject({ ok: true });
    expect(await client.status()).toMatchObject({ connections: { open: 1 } });
    expect(await client.models.list()).toHaveLength(1);
    expect(await client.models.load()).toMatchObject({ cached: true });
    await client.models.unload();
    await client.shutdown('now');
    expect(harness.service.shutdowns).toEqual(['now']);
    await expect(client.models.inspect('/nowhere')).rejects.toMatchObject({
      name: 'CodexpcError',
      code: 'model_not_found',
    });
    client.close();
  });

  test('iterates over events in order, and knows the result afterwards', async () => {
    await start({ onSocket });
    const client = harness.client();
    const response = client.respond(say('count 1000'));
    const types = new Set<string>();
    let sequence = 0;
    for await (const event of response) {
      expect(event.sequence).toBe(sequence++);
      types.add(event.type);
    }
    expect([...types]).toEqual(['created', 'output_text.delta', 'completed']);
    expect(await response.result()).toMatchObject({
      model: 'scripted',
      finishReason: 'stop',
      usage: { outputTokens: 1 },
    });
    expect((await response.text()).split(' ')).toHaveLength(1001);
    client.close();
  });

  test('an abort ends a running response as cancelled', async () => {
    await start({ onSocket });
    const client = harness.client();
    const controller = new AbortController();
    const response = client.respond(say('forever'), { signal: controller.signal });
    let numDeltas = 0;
    const reasons: string[] = [];
    for await (const event of response) {
      if (event.type === 'output_text.delta' && ++numDeltas === 5) controller.abort();
      if (event.type === 'completed') reasons.push(event.finishReason);
    }
    expect(reasons).toEqual(['cancelled']);
    expect(harness.service.cancellations).toHaveLength(1);
    client.close();
  });

  test('leaving the loop early cancels, and what was written is kept', async () => {
    await start({ onSocket });
    const client = harness.client();
    const response = client.respond(say('forever'));
    for await (const event of response) if (event.type === 'output_text.delta') break;
    expect(await response.result()).toMatchObject({ finishReason: 'cancelled', text: '0 ' });
    await until(() => harness.service.numRunning === 0);
    client.close();
  });

  test('a loop left while events had piled up frees its connection too', async () => {
    await start({ onSocket, limits: { highWaterBytes: 2048 } });
    const client = harness.client();
    const response = client.respond(say('count 1000000'));
    for await (const event of response) {
      if (event.type === 'created') await until(() => pausedStreams() === 1);
      break;
    }
    expect(await response.result()).toMatchObject({ finishReason: 'cancelled' });
    expect(pausedStreams()).toBe(0);
    client.close();
  });

  test('a slow consumer pauses its own response only', async () => {
    await start({ onSocket, limits: { highWaterBytes: 2048 } });
    const client = harness.client();
    const slow = client.respond(say('count 20000'))[Symbol.asyncIterator]();
    await slow.next();
    await until(() => pausedStreams() === 1);
    expect((await client.respond(say('count 20000')).text()).length).toBeGreaterThan(20_000);
    let numEvents = 1;
    while ((await slow.next()).done !== true) numEvents++;
    expect(numEvents).toBe(20_002);
    client.close();
  });

  test('errors come back with their code, before and during a response', async () => {
    await start({ onSocket });
    const client = harness.client();
    await expect(client.respond(say('refuse')).text()).rejects.toMatchObject({
      code: 'queue_full',
      details: { retryAfterMs: 2000 },
    });
    const events: ResponseEvent[] = [];
    const response = client.respond(say('fail'));
    await expect(
      (async () => {
        for await (const event of response) events.push(event);
      })(),
    ).rejects.toThrow(CodexpcError);
    expect(events.map(({ type }) => type)).toEqual(['created', 'failed']);
    await expect(response.result()).rejects.toMatchObject({ code: 'engine_exited' });
    client.close();
  });

  test('a daemon that stops in the middle of an answer ends it as cancelled; the next one is used afterwards', async () => {
    await start({ onSocket });
    const client = harness.client();
    await client.health();
    const response = client.respond(say('forever'));
    const iterator = response[Symbol.asyncIterator]();
    await iterator.next();
    await harness.frontEnd.close();
    expect(await response.result()).toMatchObject({ finishReason: 'cancelled' });
    expect(harness.service.cancellations).toMatchObject([{ reason: 'shutdown' }]);
    await expect(client.health()).rejects.toMatchObject({ code: onSocket ? 'ENOENT' : 'io_error' });
    await until(() => harness.service.numRunning === 0);
    if (onSocket) {
      const next = harness.create();
      await next.open();
      expect(await client.health()).toMatchObject({ ok: true });
      expect(await client.respond(say('hello')).text()).toBe('hello');
      await next.close();
    }
    client.close();
  });

  test('watches until the loop is left', async () => {
    await start({ onSocket });
    const client = harness.client();
    const events: WatchEvent[] = [];
    const controller = new AbortController();
    const watching = (async () => {
      for await (const event of client.watch({ signal: controller.signal })) {
        events.push(event);
        if (events.length === 2) controller.abort();
      }
    })();
    await until(() => harness.service.numWatchers === 1);
    for (const at of [1, 2, 3]) harness.service.emit({ kind: 'actor.stopped', at, actor: 'session 1' });
    await watching;
    expect(events.map(({ at }) => at).slice(0, 2)).toEqual([1, 2]);
    await until(() => harness.service.numWatchers === 0);
    client.close();
  });

  test('closing it ends what is under way; nothing can be asked afterwards', async () => {
    await start({ onSocket });
    const client = harness.client();
    const response = client.respond(say('hang'));
    await until(() => harness.service.numRunning === 1);
    client.close();
    client.close();
    await expect(response.text()).rejects.toMatchObject({ code: 'io_error' });
    await expect(client.health()).rejects.toMatchObject({ code: 'io_error' });
    await until(() => harness.service.numRunning === 0);
  });
});

describe('tools', () => {
  const call = 'call add {"a":2,"b":3}';
  const add = (handler: NonNullable<ClientFunction['handler']>): ClientTool => ({
    name: 'add',
    description: 'adds',
    parameters: { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } } },
    handler,
  });
  const answerWith = async (tool: ClientTool, text = call): Promise<string> => {
    await start();
    const client = harness.client();
    const result = await client.respond(Conversation.empty.tool(tool).user(text).request()).text();
    client.close();
    return result;
  };

  test('handlers run here, and the answer goes on with their output', async () => {
    const tool = add((args) => {
      const { a, b } = args as { a: number; b: number };
      return a + b;
    });
    expect(await answerWith(tool)).toBe('the tool said 5');
    expect(harness.service.requests[0]).toMatchObject({
      toolCalls: 'await',
      tools: [{ name: 'add', description: 'adds' }],
    });
    expect(JSON.stringify(harness.service.requests[0])).not.toContain('handler');
  });

  test('a handler that throws, wrong JSON and an unknown name are told to the model', async () => {
    const failing = add(() => {
      throw new Error('too hard');
    });
    expect(await answerWith(failing)).toBe('the tool said {"error":"too hard"}');
    await harness.stop();
    expect(await answerWith(failing, 'call add {"a":')).toContain('not valid JSON');
    await harness.stop();
    expect(await answerWith(failing, 'call subtract {}')).toContain('no tool named subtract');
  });

  test('a handler is told when its response ends without it', async () => {
    await start();
    const client = harness.client();
    const controller = new AbortController();
    let aborted = false;
    const tool = add((_args, { signal }) => {
      controller.abort();
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          resolve('');
        });
      });
    });
    const { finishReason } = await client
      .respond(Conversation.empty.tool(tool).user(call).request(), { signal: controller.signal })
      .result();
    expect({ finishReason, aborted }).toEqual({ finishReason: 'cancelled', aborted: true });
    client.close();
  });

  test('without handlers the calls are the result, or are answered by hand', async () => {
    await start();
    const client = harness.client();
    const tool: ClientTool = { name: 'add' };
    const returned = await client.respond(Conversation.empty.tool(tool).user(call).request()).result();
    expect(returned).toMatchObject({
      finishReason: 'tool_calls',
      toolCalls: [{ name: 'add', arguments: '{"a":2,"b":3}', declared: true, guessed: false }],
    });

    const awaited = client.respond({
      ...Conversation.empty.tool(tool).user(call).request(),
      toolCalls: 'await',
    });
    for await (const event of awaited) {
      if (event.type === 'output_item.done' && event.item.kind === 'tool_call')
        awaited.sendToolOutput(event.item.callId, 'five');
    }
    expect(await awaited.text()).toBe('the tool said five');

    const wrong = client.respond({ ...Conversation.empty.user(call).request(), toolCalls: 'await' });
    for await (const event of wrong) {
      if (event.type !== 'output_item.done') continue;
      wrong.sendToolOutput('no such call', '');
      break;
    }
    await until(() => harness.service.numRunning === 0);
    client.close();
  });

  test('some with and some without a handler are refused', async () => {
    await start();
    const client = harness.client();
    const conversation = Conversation.empty
      .tool(add(() => ''))
      .tool({ name: 'other' })
      .user(call);
    await expect(client.respond(conversation.request()).text()).rejects.toMatchObject({
      code: 'invalid_request',
    });
    expect(await client.respond(say('hello')).text()).toBe('hello');
    client.close();
  });
});

describe('aborts before the beginning', () => {
  test('throw the reason and send nothing', async () => {
    await start();
    const client = harness.client();
    const reason = new Error('changed my mind');
    await expect(client.respond(say('hello'), { signal: AbortSignal.abort(reason) }).text()).rejects.toBe(
      reason,
    );
    const cancelled = client.respond(say('hello'));
    cancelled.cancel();
    await expect(cancelled.text()).rejects.toMatchObject({ name: 'AbortError' });
    expect(await client.respond(say('hello')).text()).toBe('hello');
    expect(harness.service.requests).toHaveLength(1);
    client.close();
  });
});

describe('connect', () => {
  test('says what to do when nothing answers', async () => {
    await start({ onSocket: true });
    await harness.frontEnd.close();
    await expect(connect({ socketPath: harness.path })).rejects.toMatchObject({
      code: 'io_error',
      message: expect.stringMatching(/cannot reach the daemon at .*codexpc\.sock .*codexpc daemon/),
    });
  });

  test('starts the daemon when it was asked to, and waits until it answers', async () => {
    await start({ onSocket: true });
    await harness.frontEnd.close();
    const next = harness.create();
    let starts = 0;
    const autoStart = async (): Promise<void> => {
      starts++;
      setImmediate(() => void next.open());
    };
    const client = await connect({ socketPath: harness.path, autoStart });
    expect(await client.respond(say('hello')).text()).toBe('hello');
    expect(starts).toBe(1);
    client.close();
    await next.close();
  });

  test('gives up when the started daemon does not answer in time', async () => {
    await start({ onSocket: true });
    await harness.frontEnd.close();
    const options = { socketPath: harness.path, autoStart: () => Promise.resolve(), startTimeoutMs: 0 };
    await expect(connect(options)).rejects.toMatchObject({ code: 'io_error' });
  });

  test('reaches a daemon in this process through any transport', async () => {
    await start();
    const client = await connect({ openTransport: harness.openTransport });
    expect(await client.respond(say('hello')).text()).toBe('hello');
    client.close();
  });

  test('knows where the service is installed', async () => {
    await start();
    const place = { env: {}, home: '/home/u', uid: 7 };
    expect(serviceOf({ ...place, platform: 'linux' }).unitFile).toBe(
      '/home/u/.config/systemd/user/codexpc.service',
    );
    expect(serviceOf({ ...place, platform: 'darwin' }).command).toEqual([
      'launchctl',
      'kickstart',
      'gui/7/com.yourorg.codexpc',
    ]);
  });
});
