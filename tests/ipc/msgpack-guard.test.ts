import { describe, expect, test } from '@jest/globals';
import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { Encoder } from 'msgpackr';
import { clientCodec } from '../../src/ipc/codec.js';
import { createMsgpackGuard } from '../../src/ipc/msgpack-guard.js';

const findMsgpackProblem = createMsgpackGuard();
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const nested = (depth: number): Uint8Array => Uint8Array.from([...new Array<number>(depth).fill(0x91), 0xc0]);
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 20 },
    ),
  ),
})).value;

describe('the guard', () => {
  test('accepts whatever another library writes for JSON values', () => {
    fc.assert(
      fc.property(plain, (value) => findMsgpackProblem(encode(value)) === null),
      { numRuns: 500 },
    );
  });

  test('accepts what msgpackr writes for them', () => {
    const encoder = new Encoder({ useRecords: false, variableMapSize: true });
    fc.assert(
      fc.property(plain, (value) => findMsgpackProblem(encoder.encode(value)) === null),
      { numRuns: 500 },
    );
  });

  test('refuses every truncation, and every byte too many', () => {
    fc.assert(
      fc.property(plain, fc.nat(), (value, cut) => {
        const whole = encode(value);
        const part = whole.subarray(0, cut % whole.length);
        expect(findMsgpackProblem(part)).not.toBeNull();
        expect(findMsgpackProblem(Uint8Array.from([...whole, 0xc0]))).toMatch('1 bytes follow');
      }),
    );
  });

  const hostile: ReadonlyArray<readonly [name: string, frame: Uint8Array, problem: string]> = [
    ['nothing at all', bytes(), 'too early'],
    ['deep nesting', nested(65), 'deeper than 64'],
    ['very deep nesting', nested(100_000), 'deeper than 64'],
    ['an array that claims four billion items', bytes(0xdd, 0xff, 0xff, 0xff, 0xff), 'too early'],
    ['a map that claims four billion keys', bytes(0xdf, 0xff, 0xff, 0xff, 0xff), 'too early'],
    ['a string that claims four gigabytes', bytes(0xdb, 0xff, 0xff, 0xff, 0xff), 'too early'],
    ['binary data', bytes(0xc4, 0x01, 0x00), '0xc4'],
    ['an extension', bytes(0xc7, 0x01, 0x05, 0x00), '0xc7'],
    ['a fixed extension, as msgpackr writes undefined', bytes(0xd4, 0x00, 0x00), '0xd4'],
    ['a record definition of msgpackr', bytes(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01), '0xd4'],
    ['the byte msgpack never uses', bytes(0xc1), '0xc1'],
    ['a number as a key', bytes(0x81, 0x01, 0x01), 'not a string'],
    ['an array as a key', bytes(0x81, 0x90, 0x01), 'not a string'],
    [
      'the key __proto__',
      encode({ a: [Object.defineProperty({}, '__proto__', { value: 1, enumerable: true })] }),
      '__proto__',
    ],
    [
      'too many values',
      Uint8Array.from([0xdd, 0x00, 0x20, 0x00, 0x00, ...new Uint8Array(0x200000)]),
      'more than 262144 values',
    ],
    [
      'a map with too many keys',
      encode(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, 1]))),
      '16384 keys',
    ],
  ];
  test.each(hostile)('refuses %s', (_name, frame, problem) => {
    const message = findMsgpackProblem(frame);
    expect(message).toMatch(problem);
    expect(() => clientCodec.decode(frame)).toThrow(expect.objectContaining({ code: 'malformed_frame' }));
  });

  test('takes a nesting of 64', () => {
    expect(findMsgpackProblem(nested(64))).toBeNull();
  });

  test('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (frame) => {
        const problem = findMsgpackProblem(frame);
        expect(problem === null || problem.length > 0).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});
