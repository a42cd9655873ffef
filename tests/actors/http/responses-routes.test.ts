import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { CodexpcError, type ErrorCode } from '../../../src/errors.js';
import { ManualTimers, until } from '../../fixtures/front-end-harness.js';
import { type HttpHarnessOptions, startHttpHarness } from '../../fixtures/http-harness.js';
import { openSse } from '../../fixtures/sse-client.js';

jest.setTimeout(60_000);

const running: { stop(): Promise<void> }[] = [];
const start = async (options: HttpHarnessOptions = {}) => {
  const harness = await startHttpHarness(options);
  running.push(harness);
  return {
    ...harness,
    ask: (input: unknown, change: object = {}) => harness.post('/v1/responses', { input, ...change }),
    stream: (input: unknown, change: object = {}) =>
      openSse(`${harness.url()}/v1/responses`, { input, stream: true, ...change }),
  };
};
afterEach(async () => {
  for (const { stop } of running.splice(0)) await stop();
});

describe('POST /v1/responses', () => {
  test('answers with a whole response', async () => {
    const harness = await start();
    const response = await harness.ask('hello', { model: 'gpt-oss-20b' });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      object: 'response',
      status: 'completed',
      model: 'scripted',
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'hello' }] }],
      usage: { total_tokens: 2 },
    });
  });

  test('answers with a stream of events that ends', async () => {
    const harness = await start();
    const stream = await harness.stream('hello');
    await stream.ended;
    expect(stream.response.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(stream.events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
  });

  test('gives calls back to the client', async () => {
    const harness = await start();
    const response = await harness.ask('call agents__close {"id":1}', {
      tools: [{ type: 'namespace', name: 'agents', tools: [{ type: 'function', name: 'close' }] }],
    });
    expect(await response.json()).toMatchObject({
      output: [{ type: 'function_call', name: 'close', namespace: 'agents', arguments: '{"id":1}' }],
    });
  });

  test('refuses a model that is not there, for good', async () => {
    const harness = await start();
    const response = await harness.ask('hello', { model: 'gpt-5-codex' });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'model_not_found', param: 'model' } });
  });

  test('turns a full queue away before any header, with the time to come back', async () => {
    const harness = await start();
    for (const stream of [true, false]) {
      const response = await harness.ask('refuse', { stream });
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('2');
      expect(await response.json()).toMatchObject({ error: { code: 'queue_full' } });
    }
  });

  test.each<[ErrorCode, number, string]>([
    ['context_overflow', 400, 'context_length_exceeded'],
    ['model_not_found', 404, 'model_not_found'],
    ['request_quarantined', 400, 'request_quarantined'],
    ['insufficient_memory', 503, 'insufficient_memory'],
    ['shutting_down', 503, 'shutting_down'],
    ['engine_exited', 503, 'engine_exited'],
    ['model_corrupt', 500, 'model_corrupt'],
  ])('%s before the first token is the status %i', async (code, status, apiCode) => {
    const harness = await start();
    harness.service.failWith = new CodexpcError({ code, message: 'No.' });
    for (const stream of [true, false]) {
      const response = await harness.ask('fail', { stream });
      expect(response.status).toBe(status);
      expect(response.headers.has('retry-after')).toBe(status === 503);
      expect(await response.json()).toMatchObject({ error: { message: 'No.', code: apiCode } });
    }
  });

  test('tells of a failure in the middle as an event', async () => {
    const harness = await start();
    const stream = await harness.stream('break');
    expect(await stream.until('response.failed')).toMatchObject({
      response: { status: 'failed', error: { code: 'server_error' } },
    });
    await stream.ended;
  });

  test('answers a bug with a status, and goes on', async () => {
    const harness = await start();
    expect((await harness.ask('bug')).status).toBe(500);
    expect((await harness.ask('hello')).status).toBe(200);
  });
});

describe('a stream', () => {
  test('is kept alive by events while nothing comes', async () => {
    const timers = new ManualTimers();
    const harness = await start({ timers, answerLimits: { heartbeatMs: 5_000 } });
    const opening = harness.stream('hang');
    await until(() => harness.service.numRunning === 1);
    timers.advance(5_000);
    const stream = await opening; // the headers come with the first heartbeat
    timers.advance(5_000);
    timers.advance(5_000);
    await until(() => stream.events.length === 5);
    expect(stream.events.map(({ type }) => type)).toEqual([
      'response.created',
      ...Array<string>(4).fill('response.in_progress'),
    ]);
    expect(stream.events.map(({ sequence_number }) => sequence_number)).toEqual([0, 1, 2, 3, 4]);
    stream.leave();
    await until(() => harness.service.numRunning === 0);
  });

  test('ends the work when its client leaves', async () => {
    const harness = await start();
    const stream = await harness.stream('forever');
    await stream.until('response.output_text.delta');
    stream.leave();
    await until(() => harness.service.numRunning === 0);
    expect(harness.service.cancellations).toMatchObject([{ reason: 'client_gone' }]);
  });

  test('ends the work when its client leaves before the headers', async () => {
    const harness = await start();
    const aborter = new AbortController();
    const asked = fetch(`${harness.url()}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: 'hang', stream: true }),
      signal: aborter.signal,
    });
    await until(() => harness.service.numRunning === 1);
    aborter.abort();
    await expect(asked).rejects.toThrow();
    await until(() => harness.service.numRunning === 0);
  });

  test.each([true, false])(
    'begins no work for a client that left while its request was read (stream: %s)',
    async (stream) => {
      const harness = await start();
      const models = await harness.service.listModels();
      let tellModels = (): void => {};
      const looking = jest.spyOn(harness.service, 'listModels').mockReturnValue(
        new Promise((resolve) => {
          tellModels = () => resolve(models);
        }),
      );
      const aborter = new AbortController();
      const asked = fetch(`${harness.url()}/v1/responses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ input: 'forever', model: 'gpt-oss-20b', stream }),
        signal: aborter.signal,
      });
      await until(() => looking.mock.calls.length === 1);
      aborter.abort();
      await expect(asked).rejects.toThrow();
      await until(() => harness.counters.snapshot().connections.open === 0);
      tellModels();
      expect((await harness.ask('hello')).status).toBe(200);
      expect(harness.service.requests).toHaveLength(1);
    },
  );

  test('waits for a slow reader, and loses nothing', async () => {
    const harness = await start();
    const slow = await harness.stream('count 30000');
    slow.pause();
    await until(() => harness.counters.snapshot().backpressure.pausedStreams === 1);
    expect((await harness.ask('hello')).status).toBe(200); // nobody else waits
    slow.resume();
    await slow.until('response.completed');
    expect(slow.events.filter(({ type }) => type === 'response.output_text.delta')).toHaveLength(30_000);
    expect(harness.counters.snapshot().backpressure.pausedStreams).toBe(0);
  });

  test('is given up when nobody reads it', async () => {
    const timers = new ManualTimers();
    const harness = await start({ timers, answerLimits: { heartbeatMs: 1_000, stalledMs: 3_000 } });
    const stream = await harness.stream('count 1000000');
    stream.pause();
    await until(() => harness.counters.snapshot().backpressure.pausedStreams === 1);
    for (let beat = 0; beat < 5; beat++) timers.advance(1_000);
    await until(() => harness.service.numRunning === 0);
    expect(harness.service.cancellations).toMatchObject([{ reason: 'client_gone' }]);
    stream.resume();
    await stream.ended;
  });

  test('is one of a hundred that all get their answers', async () => {
    const harness = await start();
    const streams = await Promise.all(Array.from({ length: 100 }, () => harness.stream('count 200')));
    await Promise.all(streams.map((stream) => stream.until('response.completed')));
    for (const { events } of streams)
      expect(events.filter(({ type }) => type === 'response.output_text.delta')).toHaveLength(200);
    await until(() => harness.service.numRunning === 0);
  });

  test('is told when the daemon ends', async () => {
    const harness = await start();
    const stream = await harness.stream('forever');
    await stream.until('response.output_text.delta');
    harness.service.isStopping = true;
    const stopped = harness.stop();
    expect(await stream.until('response.failed')).toMatchObject({
      response: { error: { code: 'rate_limit_exceeded' } },
    });
    await stopped;
    expect(harness.service.cancellations).toMatchObject([{ reason: 'shutdown' }]);
  });
});

describe('a conversation', () => {
  test('goes on from a response that was kept', async () => {
    const harness = await start();
    const first = (await (await harness.ask('one')).json()) as { id: string };
    const second = await harness.ask('two', { previous_response_id: first.id });
    expect(await second.json()).toMatchObject({ previous_response_id: first.id });
    expect(harness.service.requests.at(-1)!.items).toMatchObject([
      { role: 'user', text: 'one' },
      { role: 'assistant', channel: 'final', text: 'one' },
      { role: 'user', text: 'two' },
    ]);
    expect(await (await harness.get(`/v1/responses/${first.id}`)).json()).toMatchObject(first);
  });

  test('is not kept when it shall not be', async () => {
    const harness = await start();
    const { id } = (await (await harness.ask('one', { store: false })).json()) as { id: string };
    expect((await harness.get(`/v1/responses/${id}`)).status).toBe(404);
    const refused = await harness.ask('two', { previous_response_id: id });
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ error: { code: 'previous_response_not_found' } });
  });

  test('is forgotten when that is asked for', async () => {
    const harness = await start();
    const { id } = (await (await harness.ask('one')).json()) as { id: string };
    const remove = (): Promise<Response> =>
      fetch(`${harness.url()}/v1/responses/${id}`, { method: 'DELETE' });
    expect(await (await remove()).json()).toEqual({ id, object: 'response', deleted: true });
    expect((await remove()).status).toBe(404);
  });

  test('keeps the date on which it began', async () => {
    let today = '2026-01-01';
    const harness = await start({ today: () => today });
    const dates = (): (string | null)[] => harness.service.requests.map(({ currentDate }) => currentDate);
    const { id } = (await (await harness.ask('one', { prompt_cache_key: 'k' })).json()) as { id: string };
    today = '2026-01-02';
    await harness.ask('two', { prompt_cache_key: 'k' });
    await harness.ask('two', { previous_response_id: id });
    await harness.ask('other');
    const context = '<environment_context><current_date>2025-12-31</current_date></environment_context>';
    await harness.ask([
      { role: 'user', content: context },
      { role: 'user', content: 'stated' },
    ]);
    expect(dates()).toEqual(['2026-01-01', '2026-01-01', '2026-01-01', '2026-01-02', '2025-12-31']);
  });
});

test('what is left out of a request is said in the log', async () => {
  const harness = await start();
  await harness.ask('hello', { tools: [{ type: 'web_search' }] });
  expect(harness.log.join('')).toContain('"ignored":["tool web_search"]');
});
