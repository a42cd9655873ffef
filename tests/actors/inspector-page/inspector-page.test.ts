import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { createInspectorPage } from '../../../src/actors/inspector-page/create-inspector-page.js';
import { createFrontEndCounters } from '../../../src/ipc/counters.js';
import { INSPECTOR_PROTOCOL, tokenProtocol } from '../../../src/ipc/http/inspector-protocol.js';
import { decodeRecording } from '../../../src/ipc/recording.js';
import { until } from '../../fixtures/front-end-harness.js';
import { rawRequest } from '../../fixtures/http-harness.js';
import { ScriptedService } from '../../fixtures/scripted-service.js';

const running: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const page of running.splice(0)) await page.close();
});

const start = async ({ showContent = false } = {}) => {
  const counters = createFrontEndCounters();
  const service = new ScriptedService(counters);
  const log: string[] = [];
  const announced: string[] = [];
  const page = createInspectorPage({
    settings: { port: 0, showContent, announce: (url) => void announced.push(url) },
    service,
    daemon: { version: '1.2.3', pid: 4 },
    counters,
    logger: pino({ level: 'trace' }, { write: (line: string) => void log.push(line) }),
    inspect: () => {},
  });
  await page.open();
  running.push(page);
  const { origin, hash } = new URL(announced[0]!);
  return { page, service, counters, log, origin, token: hash.replace('#token=', '') };
};

const connect = (origin: string, token: string, headers: Record<string, string> = {}) =>
  new WebSocket(`${origin.replace('http', 'ws')}/watch`, [INSPECTOR_PROTOCOL, tokenProtocol(token)], {
    headers,
  });

/** The status with which a WebSocket is refused; null: it is not. */
const refusalOf = (socket: WebSocket): Promise<number | null> =>
  new Promise((resolve) => {
    socket.on('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
    socket.on('open', () => resolve(null));
    socket.on('error', () => {});
  });

describe('the debug page', () => {
  test('lets nothing be loaded from elsewhere, embedded or kept', async () => {
    const { origin } = await start();
    const { headers, status } = await fetch(`${origin}/style.css`, { method: 'HEAD' });
    expect(status).toBe(200);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'self';.*frame-ancestors 'none'/);
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    expect(headers.get('cache-control')).toBe('no-store');
  });

  test('is not given to pages of other sites, nor under names that were pointed here', async () => {
    const { origin } = await start();
    const ask = async (headers: Record<string, string>) => (await rawRequest(origin, { headers })).status;
    expect(await ask({ host: 'evil.example' })).toBe(403);
    expect(await ask({ origin: 'https://evil.example' })).toBe(403);
    expect(await ask({ 'sec-fetch-site': 'cross-site' })).toBe(403);
  });

  test('says whether a token is its own', async () => {
    const { origin, token } = await start();
    const ask = async (authorization: string) =>
      (await fetch(`${origin}/access`, { headers: { authorization } })).status;
    expect(await ask(`Bearer ${token}`)).toBe(204);
    expect(await ask('Bearer wrong')).toBe(401);
    expect(await ask('')).toBe(401);
  });
});

describe('the stream', () => {
  test('is a recording: its header, then events as they come', async () => {
    const { service, origin, token } = await start();
    const socket = connect(origin, token);
    const frames: Buffer[] = [];
    socket.on('message', (data) => void frames.push(data as Buffer));
    await until(() => service.numWatchers === 1);
    service.emit({ kind: 'dropped', at: 1, count: 3 });
    await until(() => frames.length >= 2);
    const { header, events } = decodeRecording(Buffer.concat(frames));
    expect(socket.protocol).toBe(INSPECTOR_PROTOCOL);
    expect(header).toMatchObject({ daemon: { version: '1.2.3', pid: 4 }, content: false });
    expect(events.at(-1)).toEqual({ kind: 'dropped', at: 1, count: 3 });
    socket.close();
    await until(() => service.numWatchers === 0);
  });

  test.each([
    ['a wrong token', 401, 'wrong', {}],
    ['no token', 401, '', {}],
    ['a page of another site', 403, null, { origin: 'https://evil.example' }],
    ['a page of another program on this machine', 403, null, { origin: 'http://127.0.0.1:1' }],
    ['a name that was pointed here', 403, null, { host: 'evil.example' }],
  ])('is refused to %s', async (_, status, token, headers) => {
    const { origin, service, counters, token: right } = await start();
    expect(await refusalOf(connect(origin, token ?? right, headers))).toBe(status);
    expect(service.numWatchers).toBe(0);
    expect(counters.snapshot().connections.refused).toBe(1);
  });

  test('is given to a bounded number of pages', async () => {
    const { origin, token } = await start();
    const sockets = Array.from({ length: 8 }, () => connect(origin, token));
    await Promise.all(sockets.map((socket) => once(socket, 'open')));
    expect(await refusalOf(connect(origin, token))).toBe(503);
    for (const socket of sockets) socket.terminate();
  });

  test('ends when the daemon does', async () => {
    const { page, origin, token } = await start();
    const socket = connect(origin, token);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await page.close();
    await closed;
  });

  test('leaves its token out of the log', async () => {
    const { origin, token, log } = await start();
    await refusalOf(connect(origin, token));
    await refusalOf(connect(origin, 'wrong'));
    await fetch(`${origin}/access`, { headers: { authorization: `Bearer ${token}` } });
    expect(log.join('')).not.toContain(token);
  });
});
