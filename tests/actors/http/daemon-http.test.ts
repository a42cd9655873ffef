// The HTTP front end in a whole daemon, with a scripted engine, and with the pocket model where its sampling matters.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Daemon } from '../../../src/daemon.js';
import { until } from '../../fixtures/front-end-harness.js';
import { openSse } from '../../fixtures/sse-client.js';
import { startTestDaemon, stopTestDaemon, type TestDaemonOptions } from '../test-daemon.js';

jest.setTimeout(60_000);

const HTTP = { host: '127.0.0.1', port: 0, extraPorts: [], token: null, maxBodyBytes: 1024 * 1024 };

let daemon: Daemon | null = null;
const start = async (options: TestDaemonOptions = {}): Promise<string> => {
  const started = startTestDaemon({ http: HTTP, fake: 'slow', ...options });
  daemon = started;
  await until(() => started.health().state === 'ready' && started.status().http?.url !== null);
  return started.status().http!.url!;
};
afterEach(async () => {
  if (daemon !== null) await stopTestDaemon(daemon);
  daemon = null;
});

const post = (url: string, body: object): Promise<Response> =>
  fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

describe('a daemon with HTTP', () => {
  test('answers, counts and shows it in metrics', async () => {
    const url = await start();
    const answer = (await (await post(url, { input: 'say hello' })).json()) as {
      output: { content: { text: string }[] }[];
    };
    expect(answer.output.at(-1)!.content[0]!.text).toBe('hello');
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'codexpc_requests_total{outcome="stop"} 1',
    );
  });

  test('refuses what does not fit the context, before any header', async () => {
    const url = await start({ engine: { contextLength: 256 } });
    const response = await post(url, { input: 'word '.repeat(2_000), stream: true });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'context_length_exceeded' } });
  });

  test('stops generating when the client has gone', async () => {
    const url = await start();
    const stream = await openSse(`${url}/v1/responses`, { input: 'count 3000', stream: true });
    await stream.until('response.output_text.delta');
    stream.leave();
    await until(() => daemon!.status().requests.cancelled === 1);
    expect(daemon!.status()).toMatchObject({ slots: { used: 0 }, requests: { running: 0 } });
  });

  test('turns requests away when its queue is full, and serves them later', async () => {
    const url = await start({ queueBound: 1, engine: { numSlots: 1 } });
    const running = await openSse(`${url}/v1/responses`, { input: 'count 3000', stream: true });
    await running.until('response.output_text.delta');
    const waiting = openSse(`${url}/v1/responses`, { input: 'count 3000', stream: true });
    waiting.catch(() => {}); // it may still wait for its headers at the end
    await until(() => daemon!.status().queue.length === 1);
    const refused = await post(url, { input: 'say hello' });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    running.leave();
    await until(() => daemon!.status().queue.length === 0);
    expect(refused.headers.get('x-request-id')).toMatch(/^req_/);
  });

  test('tells its streams when it is stopped', async () => {
    const url = await start();
    const stream = await openSse(`${url}/v1/responses`, { input: 'count 3000', stream: true });
    await stream.until('response.output_text.delta');
    daemon!.shutdown('now');
    expect(await stream.until('response.failed')).toMatchObject({
      response: { error: { code: 'rate_limit_exceeded' } },
    });
    await daemon!.stopped;
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  test('holds a freeform call of the pocket model to the grammar that the request brings', async () => {
    const url = await start({
      addonModule: new URL('../../../src/actors/load-addon.js', import.meta.url).href,
      checkpoint: join(process.cwd(), 'models/pocket/model.bin'),
    });
    const definition = readFileSync(join(process.cwd(), 'tests/fixtures/apply-patch.lark'), 'utf8');
    const response = await post(url, {
      input: 'Delete a file.',
      tools: [
        { type: 'custom', name: 'apply_patch', format: { type: 'grammar', syntax: 'lark', definition } },
      ],
      tool_choice: { type: 'custom', name: 'apply_patch' },
      max_output_tokens: 300,
      stream: true,
    });
    const written = (await response.text())
      .split('\n')
      .filter((line) => line.startsWith('data: {'))
      .map((line) => JSON.parse(line.slice('data: '.length)) as { type: string; delta?: string })
      .flatMap(({ type, delta }) => (type === 'response.custom_tool_call_input.delta' ? [delta] : []))
      .join('');
    // Whether it comes to an end is the model's business; what it has written begins a patch.
    expect(written).toMatch(
      /^\*\*\* Begin Patch\n(?:\*\*\* (?:Add|Delete|Update) File: [^\r\n]+(?:\n[-+ @*][^\r\n]*)*\n?)+$/,
    );
  });
});
