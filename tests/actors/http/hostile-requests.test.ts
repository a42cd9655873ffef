// Whatever comes over HTTP, it is answered or its connection ends, and the next request works.

import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { rawRequest, startHttpHarness } from '../../fixtures/http-harness.js';
import { until } from '../../fixtures/front-end-harness.js';

jest.setTimeout(60_000);

let harness: Awaited<ReturnType<typeof startHttpHarness>>;
beforeEach(async () => {
  harness = await startHttpHarness();
});
afterEach(() => harness.stop());

const stillWorks = async (): Promise<void> => {
  expect((await harness.post('/v1/responses', { input: 'hello' })).status).toBe(200);
};

/** Sends bytes as they are, and collects what comes back until the end. */
const raw = (bytes: string | Buffer): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(harness.url()).port), '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (part: string) => (text += part));
    socket.on('error', () => {}); // its end is what counts
    socket.on('close', () => resolve(text));
    socket.end(bytes);
  });

describe('bodies', () => {
  test.each([
    ['', 400],
    ['{', 400],
    ['null', 400],
    ['[]', 400],
    ['"text"', 400],
    ['{"input":"\ud800"}', 200],
    ['{"__proto__":{"stream":true},"input":"hello"}', 200],
    ['{"constructor":{"prototype":{"stream":true}},"input":"hello"}', 200],
    [`{"input":${'['.repeat(100_000)}`, 400],
    [`{"input":${'{"a":'.repeat(10_000)}`, 400],
    [`{"input":[${'{},'.repeat(20_000)}{}]}`, 400],
    [`{"tools":[${'{},'.repeat(5_000)}{}]}`, 400],
    ['{"input":[{"type":"function_call_output","call_id":"","output":"x"}]}', 400],
    [`{"input":[{"type":"function_call_output","call_id":"${'x'.repeat(300)}","output":"x"}]}`, 400],
    ['{"input":"hello","tools":[{"type":"function","name":"__proto__"}]}', 200],
    ['{"input":"hello","metadata":{"a":7}}', 400],
  ])('%.60s → %i', async (body, status) => {
    expect((await harness.post('/v1/responses', body)).status).toBe(status);
    expect({}).not.toHaveProperty('stream');
    await stillWorks();
  });

  test('of another type or coding are not read', async () => {
    for (const headers of [
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/x-www-form-urlencoded' },
      { 'content-encoding': 'gzip' },
    ])
      expect((await harness.post('/v1/responses', '{"input":"hello"}', headers)).status).toBe(415);
  });

  test('that are too large are refused in a way that is not tried again', async () => {
    const large = Buffer.alloc(100 * 2 ** 20, 'a').toString();
    const { status, text } = await rawRequest(`${harness.url()}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: large,
    });
    expect(status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'context_length_exceeded' } });
    await stillWorks();
  });

  test('that are too large without saying so are refused as well', async () => {
    const chunk = `${(2 ** 20).toString(16)}\r\n${'a'.repeat(2 ** 20)}\r\n`;
    const answer = await raw(
      `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk.repeat(3)}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    await stillWorks();
  });

  test('of any JSON are answered', async () => {
    const field = fc.constantFrom('input', 'tools', 'text', 'reasoning', 'tool_choice', 'include', 'store');
    const body = fc.dictionary(field, fc.jsonValue({ maxDepth: 4 }));
    await fc.assert(
      fc.asyncProperty(body, async (value) => {
        const { status } = await harness.post('/v1/responses', value);
        expect([200, 400, 404]).toContain(status);
      }),
      { numRuns: 150 },
    );
    await stillWorks();
  });

  test('of items that are nearly right are answered', async () => {
    const text = fc.oneof(fc.string(), fc.constant(null), fc.integer());
    const item = fc.record(
      {
        type: fc.constantFrom(
          'message',
          'reasoning',
          'function_call',
          'function_call_output',
          'custom_tool_call',
          'custom_tool_call_output',
          'mcp_call',
          'additional_tools',
          'unheard_of',
        ),
        role: fc.constantFrom('user', 'assistant', 'developer', 'robot'),
        content: fc.oneof(text, fc.array(fc.record({ type: text, text }), { maxLength: 3 })),
        call_id: text,
        name: text,
        arguments: text,
        input: text,
        output: text,
        tools: fc.jsonValue({ maxDepth: 2 }),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 4 }), async (input) => {
        const { status } = await harness.post('/v1/responses', {
          input: [...input, { role: 'user', content: 'x' }],
        });
        expect([200, 400]).toContain(status);
      }),
      { numRuns: 150 },
    );
    await stillWorks();
  });
});

describe('requests', () => {
  test('of any bytes end their own connection at most', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 500 }), async (bytes) => {
        await raw(Buffer.from(bytes));
      }),
      { numRuns: 100 },
    );
    await stillWorks();
    await until(() => harness.counters.snapshot().connections.open <= 1);
  });

  test('with any headers are answered', async () => {
    const name = fc.stringMatching(/^[a-z][a-z-]{0,15}$/);
    const value = fc.stringMatching(/^[ -~]{0,40}$/);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 5 }), async (headers) => {
        const lines = headers.map(([key, text]) => `x-${key}: ${text}\r\n`).join('');
        const host = headers[0]?.[1] ?? 'localhost';
        const answer = await raw(
          `GET /v1/models HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n${lines}\r\n`,
        );
        expect(answer).toMatch(/^HTTP\/1\.1 (200|400|403) /);
      }),
      { numRuns: 100 },
    );
    await stillWorks();
  });

  test.each([
    ['that are no HTTP', 'hello\r\n\r\n', 400],
    ['cut off in a header', 'GET /v1/models HTTP/1.1\r\nhost: loc', 400],
    ['without a host', 'GET /v1/models HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['of endless headers', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`, 431],
  ])('%s are refused in the shape of any error', async (_name, bytes, status) => {
    const [head = '', body = ''] = (await raw(bytes)).split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(JSON.parse(body)).toEqual({
      error: {
        message: expect.stringMatching(/\. Send /),
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_request',
      },
    });
    await stillWorks();
  });

  test('that expect something unheard of are answered', async () => {
    expect(
      await raw('GET /v1/models HTTP/1.1\r\nhost: localhost\r\nexpect: tea\r\nconnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('with too many headers are refused', async () => {
    expect(await raw(`GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'a'.repeat(40_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    expect(harness.counters.snapshot().connections.protocolErrors).toBe(1);
    await stillWorks();
  });

  test('with a foreign origin behind thousands of headers are refused for that', async () => {
    const many = 'x:\r\n'.repeat(3_000);
    expect(
      await raw(`GET /v1/models HTTP/1.1\r\nhost: localhost\r\n${many}origin: http://evil.example\r\n\r\n`),
    ).toMatch(/^HTTP\/1\.1 403 /);
    await stillWorks();
  });

  test('with two hosts are refused', async () => {
    const answer = await raw('GET /v1/models HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain('more than one Host header');
    await stillWorks();
  });

  test('smuggled in two lengths are refused', async () => {
    const answer = await raw(
      'POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    await stillWorks();
  });
});
