import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { ConnectionStatus } from '../../../src/ipc/protocol.js';
import { ManualTimers, until } from '../../fixtures/front-end-harness.js';
import { type HttpHarnessOptions, rawRequest, startHttpHarness } from '../../fixtures/http-harness.js';

const running: { stop(): Promise<void> }[] = [];
const start = async (options: HttpHarnessOptions = {}) => {
  const harness = await startHttpHarness(options);
  running.push(harness);
  return harness;
};
afterEach(async () => {
  for (const { stop } of running.splice(0)) await stop();
});

/** Holds a port, as another program does. */
const holdPort = async (): Promise<{ server: Server; port: number }> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
};

describe('the listener', () => {
  test('tells where it is, and nothing once it is closed', async () => {
    const harness = await start();
    expect(harness.frontEnd.report()).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      extraPorts: [],
      needsToken: false,
      error: null,
    });
    await harness.stop();
    expect(harness.frontEnd.report().url).toBeNull();
  });

  test('reports a port in use, goes without, and takes it when it is free', async () => {
    const { server, port } = await holdPort();
    const harness = await start({ settings: { port }, retryMs: 20 });
    expect(harness.frontEnd.report()).toMatchObject({ url: null, error: { code: 'address_in_use' } });
    server.close();
    await until(() => harness.frontEnd.report().url !== null);
    expect(harness.frontEnd.report().error).toBeNull();
    expect((await harness.get('/health')).status).toBe(200);
  });

  test('takes all of its ports or none', async () => {
    const { server, port } = await holdPort();
    const free = await holdPort();
    free.server.close();
    const harness = await start({ settings: { port: free.port, extraPorts: [port] }, retryMs: 60_000 });
    expect(harness.frontEnd.report().error?.details).toMatchObject({ port });
    await expect(fetch(`http://127.0.0.1:${free.port}/health`)).rejects.toThrow();
    server.close();
  });

  test('answers on extra ports too', async () => {
    const extra = await holdPort();
    extra.server.close();
    const harness = await start({ settings: { extraPorts: [extra.port] } });
    expect(harness.frontEnd.report().extraPorts).toEqual([extra.port]);
    expect((await fetch(`http://127.0.0.1:${extra.port}/api/version`)).status).toBe(200);
  });

  test('ends connections that stay when it closes', async () => {
    const timers = new ManualTimers();
    const harness = await start({ timers });
    const { port } = new URL(harness.url());
    const socket = connect(Number(port), '127.0.0.1').on('error', () => {});
    socket.write('GET /health HTTP/1.1\r\nhost: localhost\r\n'); // and no more
    await until(() => harness.counters.snapshot().connections.open === 1);
    const stopped = harness.stop();
    await until(() => timers.numPending > 0);
    timers.advance(10_000);
    await stopped;
    await until(() => harness.counters.snapshot().connections.open === 0);
    socket.destroy();
  });
});

describe('the router', () => {
  test('answers health, with a request id of the client’s own', async () => {
    const harness = await start();
    const response = await harness.get('/health', { 'x-request-id': 'mine-1' });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-request-id')).toBe('mine-1');
    expect(await response.json()).toMatchObject({ ok: true, state: 'ready' });
  });

  test('makes a request id where the client’s is none', async () => {
    const harness = await start();
    const response = await harness.get('/health', { 'x-request-id': 'a b' });
    expect(response.headers.get('x-request-id')).toMatch(/^req_[0-9a-f]{24}$/);
  });

  test.each([
    ['GET', '/nowhere', 404],
    ['GET', '/v1/responses/../../etc/passwd', 404],
    ['POST', '/health', 405],
    ['OPTIONS', '/v1/models', 405],
    ['GET', '/v1/models/none', 404],
    ['HEAD', '/health', 200],
  ])('%s %s → %i', async (method, path, status) => {
    const harness = await start();
    expect((await rawRequest(harness.url() + path, { method })).status).toBe(status);
  });

  test('refuses a name that was pointed at this machine', async () => {
    const harness = await start();
    const { status, text } = await rawRequest(`${harness.url()}/v1/models`, {
      headers: { host: 'evil.example:20120' },
    });
    expect(status).toBe(403);
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'access_denied' } });
    expect(harness.counters.snapshot().connections.refused).toBe(1);
  });

  const canBecomeOther = process.platform === 'linux' && process.getuid?.() === 0;
  const why = canBecomeOther ? '' : ' (skipped: needs Linux, and root to become one)';
  (canBecomeOther ? test : test.skip)(`refuses another user of this machine${why}`, async () => {
    const asNobody = async (url: string, token = ''): Promise<string> => {
      const program = `fetch(${JSON.stringify(url)}, { headers: { authorization: 'Bearer ${token}' } })
        .then((answer) => console.log(answer.status))`;
      const child = spawn(process.execPath, ['-e', program], {
        uid: 65_534,
        gid: 65_534,
        cwd: '/',
        env: {},
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      return (await text(child.stdout)).trim();
    };
    const open = await start();
    expect(await asNobody(`${open.url()}/v1/models`)).toBe('403');
    expect((await open.get('/v1/models')).status).toBe(200);
    expect(await asNobody(`${open.url()}/health`)).toBe('200');
    const closed = await start({ settings: { token: 'secret' } });
    expect(await asNobody(`${closed.url()}/v1/models`, 'secret')).toBe('200');
    expect(await asNobody(`${closed.url()}/v1/models`, 'guess')).toBe('401');
  });

  test('does not take a client that has left for another user', async () => {
    const harness = await start();
    const { hostname, port } = new URL(harness.url());
    const request = `GET /v1/models HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`;
    const socket = connect(Number(port), hostname);
    socket.write(request, () => socket.destroy());
    const connections = (): ConnectionStatus => harness.counters.snapshot().connections;
    await until(() => connections().accepted === 1 && connections().open === 0);
    expect(connections().refused).toBe(0);
  });

  test('lets this user in over IPv6 too', async () => {
    const harness = await start({ settings: { host: '::1' } });
    expect((await harness.get('/v1/models')).status).toBe(200);
  });

  test('asks for the token', async () => {
    const harness = await start({ settings: { token: 'secret' } });
    const refused = await harness.get('/v1/models');
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Bearer');
    expect((await harness.get('/v1/models', { authorization: 'Bearer secret' })).status).toBe(200);
    expect((await harness.get('/health')).status).toBe(200);
  });
});

describe('the routes of other servers', () => {
  test('are enough for codex --oss', async () => {
    const harness = await start();
    const models = (await (await harness.get('/v1/models')).json()) as { data: { id: string }[] };
    expect(models.data.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['scripted', 'gpt-oss:20b', 'openai/gpt-oss-20b']),
    );
    expect(await (await harness.get('/v1/models/scripted')).json()).toMatchObject({ id: 'scripted' });
    const { version } = (await (await harness.get('/api/version')).json()) as { version: string };
    expect(Number(version.split('.')[1])).toBeGreaterThanOrEqual(14); // Codex wants 0.13.4
    expect(await (await harness.get('/api/tags')).json()).toMatchObject({ models: expect.any(Array) });
    const pull = await harness.post('/api/pull', { model: 'gpt-oss:20b', stream: true });
    expect(await pull.text()).toBe('{"status":"success"}\n');
    expect((await harness.post('/api/pull', { model: 'llama3' })).status).toBe(404);
    expect((await harness.post('/api/pull', {})).status).toBe(400);
  });
});

describe('metrics', () => {
  test('tell of requests, tokens, repairs and the first token', async () => {
    const harness = await start();
    harness.sessionEnded({
      requestId: 'r',
      outcome: { type: 'completed', finishReason: 'stop' },
      inputTokens: 10,
      cachedInputTokens: 4,
      outputTokens: 5,
      reasoningTokens: 2,
      draftedTokens: 8,
      acceptedTokens: 5,
      prefillTokensPerSecond: 1,
      decodeTokensPerSecond: 1,
      timeToFirstTokenMs: 40,
      totalMs: 100,
      repairs: { missing_start: 3 },
    });
    const response = await harness.get('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    await harness.get('/metrics'); // a counter that is read twice counts once
    const text = await (await harness.get('/metrics')).text();
    for (const line of [
      'codexpc_requests_total{outcome="stop"} 1',
      'codexpc_tokens_total{kind="cached_input"} 4',
      'codexpc_repairs_total{repair="missing_start"} 3',
      'codexpc_time_to_first_token_seconds_bucket{le="0.05"} 1',
      'codexpc_supervisor_restarts_total{child="engine"} 0',
      'codexpc_queue_bound 64',
      'codexpc_model_cache_total{result="hit"} 1',
      'codexpc_connections_refused_total 0',
    ])
      expect(text.split('\n')).toContain(line);
  });
});
