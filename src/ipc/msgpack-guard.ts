// Looks over outside bytes before msgpackr builds anything from them: one linear pass, nothing allocated.
// The protocol needs strings, numbers, booleans, null, arrays and maps with string keys. Everything else is refused,
// and so is what could make decoding deep, slow or larger than its bytes.

const MAX_DEPTH = 64;
const MAX_VALUES = 1 << 18;
const MAX_MAP_KEYS = 16_384;

export type MsgpackGuard = (frame: Uint8Array) => string | null;

/** Makes a function that says what is wrong with a frame; null when it holds exactly one acceptable value. */
export const createMsgpackGuard = (): MsgpackGuard => {
  const remaining = new Int32Array(MAX_DEPTH + 1); // values still to come, a level
  const isMap = new Uint8Array(MAX_DEPTH + 1);

  return (frame) => {
    const end = frame.length;
    let depth = 0;
    let at = 0;
    let numValues = 0;
    remaining[0] = 1;
    isMap[0] = 0;

    for (;;) {
      while (remaining[depth] === 0) {
        if (depth === 0) return at === end ? null : `${end - at} bytes follow the message`;
        depth--;
      }
      if (at >= end) return TOO_SHORT;
      const expectsKey = isMap[depth] === 1 && (remaining[depth]! & 1) === 0;
      remaining[depth]!--;
      if (++numValues > MAX_VALUES) return `the message holds more than ${MAX_VALUES} values`;

      const token = frame[at++]!;
      const kind = KIND[token]!;
      if (expectsKey && kind !== STRING) return 'a map has a key that is not a string';
      if (kind === REFUSED) {
        return `the message holds a value of a kind that the protocol does not use (0x${token.toString(16)})`;
      }
      const lengthBytes = LENGTH_BYTES[token]!;
      if (end - at < lengthBytes) return TOO_SHORT;
      const length = lengthBytes === 0 ? LENGTH[token]! : readUint(frame, at, lengthBytes);
      at += lengthBytes;

      if (kind === SCALAR || kind === STRING) {
        if (end - at < length) return TOO_SHORT;
        if (expectsKey && length === PROTO.length && isProto(frame, at))
          return 'a map has the key "__proto__"';
        at += length;
        continue;
      }
      const numChildren = kind === MAP ? length * 2 : length;
      if (end - at < numChildren) return TOO_SHORT; // a child takes a byte at least
      if (kind === MAP && length > MAX_MAP_KEYS) return `a map has more than ${MAX_MAP_KEYS} keys`;
      if (depth === MAX_DEPTH) return `the message nests deeper than ${MAX_DEPTH} levels`;
      depth++;
      remaining[depth] = numChildren;
      isMap[depth] = kind === MAP ? 1 : 0;
    }
  };
};

const TOO_SHORT = 'the message ends too early';

// What each first byte announces: a kind, and its length, which is in the byte or in so many bytes after it.
const REFUSED = 0; // bin, ext, and the byte that msgpack never uses
const SCALAR = 1; // length: its payload
const STRING = 2;
const ARRAY = 3;
const MAP = 4;
const KIND = new Uint8Array(256);
const LENGTH = new Uint8Array(256);
const LENGTH_BYTES = new Uint8Array(256);

const announce = (first: number, last: number, kind: number, length: (token: number) => number): void => {
  for (let token = first; token <= last; token++) {
    KIND[token] = kind;
    LENGTH[token] = length(token);
  }
};
const announceLong = (first: number, kind: number, sizes: readonly number[]): void =>
  sizes.forEach((size, i) => {
    KIND[first + i] = kind;
    LENGTH_BYTES[first + i] = size;
  });

announce(0x00, 0x7f, SCALAR, () => 0); // fixint
announce(0x80, 0x8f, MAP, (token) => token & 0x0f);
announce(0x90, 0x9f, ARRAY, (token) => token & 0x0f);
announce(0xa0, 0xbf, STRING, (token) => token & 0x1f);
announce(0xc0, 0xc0, SCALAR, () => 0); // nil
announce(0xc2, 0xc3, SCALAR, () => 0); // false, true
announce(0xca, 0xcb, SCALAR, (token) => 4 << (token - 0xca)); // float 32, 64
announce(0xcc, 0xcf, SCALAR, (token) => 1 << (token - 0xcc)); // uint 8 to 64
announce(0xd0, 0xd3, SCALAR, (token) => 1 << (token - 0xd0)); // int 8 to 64
announceLong(0xd9, STRING, [1, 2, 4]);
announceLong(0xdc, ARRAY, [2, 4]);
announceLong(0xde, MAP, [2, 4]);
announce(0xe0, 0xff, SCALAR, () => 0); // negative fixint

const readUint = (frame: Uint8Array, at: number, sizeBytes: number): number => {
  let value = 0;
  for (let i = 0; i < sizeBytes; i++) value = value * 256 + frame[at + i]!;
  return value;
};

const PROTO = new TextEncoder().encode('__proto__');

const isProto = (frame: Uint8Array, at: number): boolean => PROTO.every((byte, i) => frame[at + i] === byte);
