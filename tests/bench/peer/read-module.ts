// A WebAssembly module that reads its memory and does nothing else: `read(from, to)` goes over bytes from..to of every
// stream, a line of 64 bytes of each in turn, in vectors of 128 bits. JavaScript itself has no loop that keeps memory
// busy: memcmp reads two streams a thread, and so a fifth less than the memory gives (docs/performance.md).

/** Streams begin a little off a power of two, else they meet in the same sets of the caches. */
export const STREAM_BYTES = 16 * 1024 * 1024 - 65 * 64;
export const STREAMS = 16;
const PAGE_BYTES = 65_536;
export const MEMORY_BYTES = Math.ceil((STREAMS * STREAM_BYTES) / PAGE_BYTES) * PAGE_BYTES;

const LINE_BYTES = 64;
const VECTOR_BYTES = 16;
const [FROM, TO, SUM] = [0, 1, 2]; // locals
const [I32, V128, FUNCTION, EMPTY] = [0x7f, 0x7b, 0x60, 0x40];

const unsigned = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
/** With its length before it: of bytes, or of items. */
const counted = (bytes: readonly number[], count = bytes.length): number[] => [...unsigned(count), ...bytes];
const section = (id: number, items: readonly number[], count: number): number[] => [
  id,
  ...counted(counted(items, count)),
];
const name = (text: string): number[] => counted([...Buffer.from(text)]);

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const loadVector = (offset: number): number[] => [...get(FROM), 0xfd, 0x00, 4, ...unsigned(offset)];
const orVector = [0xfd, 0x50];

const readLine = (stream: number): number[] =>
  Array.from({ length: LINE_BYTES / VECTOR_BYTES }, (_, i) => [
    ...get(SUM + i),
    ...loadVector(stream * STREAM_BYTES + i * VECTOR_BYTES),
    ...orVector,
    ...set(SUM + i),
  ]).flat();

const body = [
  ...[0x03, EMPTY], // loop
  ...Array.from({ length: STREAMS }, (_, stream) => readLine(stream)).flat(),
  ...[...get(FROM), 0x41, ...[0xc0, 0x00], 0x6a, ...set(FROM)], // from += 64
  ...[...get(FROM), ...get(TO), 0x49, 0x0d, 0], // while from < to
  0x0b,
  ...[...get(SUM), ...get(SUM + 1), ...orVector, ...get(SUM + 2), ...orVector, ...get(SUM + 3), ...orVector],
  ...[0xfd, 0x1b, 0], // a lane of it: what is read must be used
  0x0b,
];

export const READ_MODULE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [FUNCTION, ...counted([I32, I32]), ...counted([I32])], 1),
  ...section(3, [0], 1),
  ...section(5, [0, ...unsigned(MEMORY_BYTES / PAGE_BYTES)], 1),
  ...section(7, [...name('read'), 0, 0, ...name('memory'), 2, 0], 2),
  ...section(10, counted([...counted([4, V128], 1), ...body]), 1),
]);
