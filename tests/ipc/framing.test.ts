import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { FrameReader, joinFrames } from '../../src/ipc/framing.js';

const readAll = (reader: FrameReader): Uint8Array[] => {
  const messages: Uint8Array[] = [];
  for (let message = reader.next(); message !== null; message = reader.next())
    messages.push(Uint8Array.from(message));
  return messages;
};

describe('FrameReader', () => {
  test('gives the messages back however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
        (messages, cuts) => {
          const stream = joinFrames(messages);
          const reader = new FrameReader();
          const received: Uint8Array[] = [];
          for (let at = 0, i = 0; at < stream.length; i++) {
            const size = cuts[i % cuts.length] as number;
            reader.push(stream.subarray(at, at + size));
            received.push(...readAll(reader));
            at += size;
          }
          expect(received).toEqual(messages);
          expect(reader.isInsideFrame).toBe(false);
        },
      ),
    );
  });

  test('keeps what was pushed before it was asked for', () => {
    const reader = new FrameReader();
    const stream = joinFrames([Uint8Array.of(1), Uint8Array.of(2, 3)]);
    reader.push(stream.subarray(0, 3));
    reader.push(stream.subarray(3));
    expect(readAll(reader)).toEqual([Uint8Array.of(1), Uint8Array.of(2, 3)]);
  });

  test('knows a stream that ends inside a frame', () => {
    const reader = new FrameReader();
    reader.push(joinFrames([Uint8Array.of(1, 2, 3)]).subarray(0, 6));
    expect(reader.next()).toBeNull();
    expect(reader.isInsideFrame).toBe(true);
  });

  test('refuses a frame over the limit by its header alone', () => {
    const reader = new FrameReader(1000);
    reader.push(Buffer.from([0, 0, 3, 0xe9]));
    expect(() => reader.next()).toThrow(
      expect.objectContaining({ code: 'malformed_frame', details: { size: 1001 } }),
    );
    const largest = new FrameReader(1000);
    largest.push(joinFrames([new Uint8Array(1000)]));
    expect(largest.next()).toHaveLength(1000);
  });

  test('a header alone takes no memory for what it promises', () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 200 }, () => {
      const reader = new FrameReader();
      reader.push(Buffer.from([0x00, 0xff, 0xff, 0xff, 1]));
      expect(reader.next()).toBeNull();
      return reader;
    });
    expect(readers).toHaveLength(200);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('work is linear in bytes, not in chunks times bytes', () => {
    const feed = (size: number): number => {
      const stream = joinFrames([new Uint8Array(size)]);
      const reader = new FrameReader();
      const started = performance.now();
      for (let at = 0; at < stream.length; at += 16) {
        reader.push(stream.subarray(at, at + 16));
        if (reader.next() !== null) break;
      }
      return performance.now() - started;
    };
    feed(1 << 18);
    const small = feed(1 << 19);
    const large = feed(1 << 22); // 8 times as much: quadratic work would take 64 times as long
    expect(large).toBeLessThan(Math.max(small, 5) * 30);
  });
});
