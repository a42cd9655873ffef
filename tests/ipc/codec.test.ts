import { describe, expect, test } from '@jest/globals';
import { decode as decodeElsewhere, encode as encodeElsewhere } from '@msgpack/msgpack';
import fc from 'fast-check';
import { CodexpcError, isErrorCode } from '../../src/errors.js';
import { clientCodec, daemonCodec, UndecodableMessage } from '../../src/ipc/codec.js';
import { createRespond, type DaemonMessage } from '../../src/ipc/protocol.js';
import { respondMessage } from '../fixtures/front-end-harness.js';

const failureOf = (run: () => unknown): UndecodableMessage => {
  try {
    run();
  } catch (error) {
    if (error instanceof UndecodableMessage) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
};
const decodeClient = (value: unknown) => clientCodec.decode(encodeElsewhere(value, { useBigInt64: true }));

describe('codec', () => {
  test('what it writes, another library reads', () => {
    const respond = createRespond('1', {
      items: [{ kind: 'message', role: 'user', text: 'Grüße 🌍 '.repeat(50), channel: null }],
      sampling: { seed: 2n ** 64n - 1n, logitBias: [[5, -1.5]] },
      tools: [
        {
          kind: 'function',
          strict: true,
          name: 'ls',
          description: '',
          parameters: { type: 'object', properties: { constructor: { type: 'string' } } },
        },
      ],
    });
    expect(decodeElsewhere(clientCodec.encode(respond), { useBigInt64: true })).toEqual({
      ...respond,
      // Only 64-bit integers come as bigints there; ours are numbers except the seed.
      sampling: { ...respond.sampling, seed: 2n ** 64n - 1n },
    });
    expect(clientCodec.decode(clientCodec.encode(respond))).toEqual(respond);
  });

  test('what another library writes, it reads, with 64-bit integers as numbers where they fit', () => {
    const message = respondMessage('1', 'hello', {
      sampling: { ...respondMessage('', '').sampling, seed: 2n ** 63n, topK: 5n },
    });
    const decoded = decodeClient(message);
    expect(decoded).toMatchObject({ type: 'respond', sampling: { seed: 2n ** 63n, topK: 5 } });
  });

  test('drops keys it does not know', () => {
    expect(decodeClient({ type: 'cancel', requestId: '1', reason: 'later version' })).toEqual({
      type: 'cancel',
      requestId: '1',
    });
  });

  test('text of any kind survives both ways', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const event: DaemonMessage = {
          type: 'output_text.delta',
          requestId: 'r',
          sequence: 0,
          channel: 'final',
          text,
        };
        expect(daemonCodec.decode(daemonCodec.encode(event))).toEqual(event);
        expect(decodeElsewhere(daemonCodec.encode(event))).toEqual(event);
        expect(daemonCodec.decode(encodeElsewhere(event))).toEqual(event);
      }),
    );
  });

  const wrong: ReadonlyArray<
    readonly [name: string, message: unknown, code: string, requestId: string | null, text: string]
  > = [
    ['a number', 5, 'malformed_frame', null, 'no map'],
    ['an array', ['hello'], 'malformed_frame', null, 'no map'],
    ['a map without type', { requestId: '1' }, 'malformed_frame', null, '"type"'],
    ['an unknown type', { type: 'dance', requestId: '1' }, 'unknown_message', null, '"dance"'],
    ['a type of Object.prototype', { type: 'toString' }, 'unknown_message', null, 'toString'],
    ['an incomplete hello', { type: 'hello', requestId: '1' }, 'malformed_frame', null, 'protocolVersion'],
    ['a request without its id', { type: 'health' }, 'malformed_frame', null, 'requestId'],
    [
      'a request with an endless id',
      { type: 'health', requestId: 'x'.repeat(129) },
      'malformed_frame',
      null,
      'requestId',
    ],
    ['a bad mode', { type: 'shutdown', requestId: '7', mode: 'please' }, 'invalid_request', '7', 'mode'],
    [
      'a bad temperature',
      respondMessage('8', '', { sampling: { temperature: 'hot' } }),
      'invalid_request',
      '8',
      'sampling',
    ],
    ['NaN', respondMessage('8', '', { maxTokens: Number.NaN }), 'invalid_request', '8', 'maxTokens'],
    [
      'an item of no kind',
      respondMessage('9', '', { items: [{ kind: 'dance' }] }),
      'invalid_request',
      '9',
      'items.0.kind',
    ],
    [
      'a bigint in a JSON schema',
      respondMessage('9', '', {
        tools: [
          { kind: 'function', name: 'f', description: '', parameters: { a: [2n ** 60n] }, strict: false },
        ],
      }),
      'invalid_request',
      '9',
      'tools.0.parameters',
    ],
    [
      'a day that is none',
      respondMessage('9', '', { currentDate: 'today' }),
      'invalid_request',
      '9',
      'currentDate',
    ],
  ];
  test.each(wrong)('tells what is wrong with %s', (_name, message, code, requestId, text) => {
    const error = failureOf(() => decodeClient(message));
    expect({ code: error.code, requestId: error.requestId }).toEqual({ code, requestId });
    expect(error.message).toContain(text);
  });

  test('a million wrong items cost no more than a million bytes do', () => {
    const items = new Array<null>(16_000).fill(null);
    const started = process.memoryUsage().heapUsed;
    const error = failureOf(() => decodeClient(respondMessage('1', '', { items })));
    expect(error.message).toContain('items.0');
    expect(error.message.length).toBeLessThan(500);
    expect(process.memoryUsage().heapUsed - started).toBeLessThan(64 * 1024 * 1024);
  });

  test('random bytes and random values always give a coded error or a message', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.anything().map(tryEncode)), (frame) => {
        try {
          clientCodec.decode(frame);
        } catch (error) {
          expect(error).toBeInstanceOf(CodexpcError);
          expect(isErrorCode((error as CodexpcError).code)).toBe(true);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('a message with any field replaced by anything gives a coded error or a message', () => {
    const valid = respondMessage('1', 'hello');
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(valid)), fc.jsonValue(), (key, value) => {
        try {
          decodeClient({ ...valid, [key]: value });
        } catch (error) {
          expect(error).toBeInstanceOf(UndecodableMessage);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

const tryEncode = (value: unknown): Uint8Array => {
  try {
    return encodeElsewhere(value, { useBigInt64: true });
  } catch {
    return new Uint8Array(0); // what it cannot write, nobody sends
  }
};
