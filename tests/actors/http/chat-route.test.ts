import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { until } from '../../fixtures/front-end-harness.js';
import { startHttpHarness } from '../../fixtures/http-harness.js';
import { openSse } from '../../fixtures/sse-client.js';

let harness: Awaited<ReturnType<typeof startHttpHarness>>;
beforeEach(async () => {
  harness = await startHttpHarness();
});
afterEach(() => harness.stop());

const user = (content: string) => ({ messages: [{ role: 'user', content }] });
const ask = (body: object) => harness.post('/v1/chat/completions', body);
const stream = (body: object) => openSse(`${harness.url()}/v1/chat/completions`, { stream: true, ...body });

describe('POST /v1/chat/completions', () => {
  test('answers with a completion', async () => {
    expect(await (await ask(user('hello'))).json()).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'hello' }, finish_reason: 'stop' }],
    });
  });

  test('answers with a stream that ends in [DONE]', async () => {
    const { events, ended } = await stream({ ...user('hello'), stream_options: { include_usage: true } });
    await ended;
    expect(events.at(-1)).toEqual({ type: '[DONE]' });
    expect(events.at(-2)).toMatchObject({ choices: [], usage: { total_tokens: 2 } });
  });

  test('gives calls back', async () => {
    const tools = [{ type: 'function', function: { name: 'f' } }];
    expect(await (await ask({ ...user('call f {"a":1}'), tools })).json()).toMatchObject({
      choices: [
        {
          finish_reason: 'tool_calls',
          message: { tool_calls: [{ type: 'function', function: { name: 'f', arguments: '{"a":1}' } }] },
        },
      ],
    });
  });

  test('tells of failures before and in the middle of an answer', async () => {
    expect((await ask(user('refuse'))).status).toBe(503);
    expect((await ask(user('fail'))).status).toBe(503);
    const { events, ended } = await stream(user('break'));
    await ended;
    expect(events.at(-1)).toMatchObject({ error: { code: 'engine_exited' } });
  });

  test.each([true, false])('ends the work at a stop sequence (streamed: %s)', async (isStreamed) => {
    const body = { ...user('forever'), stop: '7 ' };
    if (isStreamed) {
      const { events, ended } = await stream(body);
      await ended;
      expect(events.at(-2)).toMatchObject({ choices: [{ finish_reason: 'stop' }] });
    } else {
      expect(await (await ask(body)).json()).toMatchObject({
        choices: [{ message: { content: '0 1 2 3 4 5 6 ' }, finish_reason: 'stop' }],
      });
    }
    expect(harness.service.numRunning).toBe(0);
  });

  test.each([true, false])(
    'turns away when the queue is full, before any header (streamed: %s)',
    async (isStreamed) => {
      const refused = await ask({ ...user('refuse'), stream: isStreamed });
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
      expect(await refused.json()).toMatchObject({ error: { code: 'queue_full', type: 'server_error' } });
    },
  );

  test('ends the work when its client leaves', async () => {
    const answer = await stream(user('forever'));
    await until(() => answer.events.length > 2);
    answer.leave();
    await until(() => harness.service.numRunning === 0);
  });
});
