// Looks over outside bytes before msgpackr builds anything from them: one linear pass, nothing allocated.
// The protocol needs strings, numbers, booleans, null, arrays and maps with string keys. Everything else is refused,
// and so is what could make decoding deep, slow or larger than its bytes.

const MAX_DEPTH = 64;
const MAX_VALUES = 1 << 20;
const MAX_MAP_KEYS = 16_384;

/** Null when `frame` holds exactly one acceptable value, else what is wrong with it. */
export const findMsgpackProblem = (frame: Uint8Array): string | null => {
  const end = frame.length;
  const remaining = new Int32Array(MAX_DEPTH + 1); // values still to come, a level
  const isMap = new Uint8Array(MAX_DEPTH + 1);
  remaining[0] = 1;
  let depth = 0;
  let at = 0;
  let numValues = 0;

  for (;;) {
    while (remaining[depth] === 0) {
      if (depth === 0) return at === end ? null : `${end - at} bytes follow the message`;
      depth--;
    }
    if (at >= end) return 'the message ends too early';
    const expectsKey = isMap[depth] === 1 && (remaining[depth]! & 1) === 0;
    remaining[depth]!--;
    if (++numValues > MAX_VALUES) return `the message holds more than ${MAX_VALUES} values`;

    const token = frame[at++]!;
    const { kind, sizeBytes, fixed } = describe(token);
    if (kind === 'refused')
      return `the message holds a value of a kind that the protocol does not use (0x${token.toString(16)})`;
    if (end - at < sizeBytes) return 'the message ends too early';
    const length = sizeBytes === 0 ? fixed : readUint(frame, at, sizeBytes);
    at += kind === 'scalar' ? 0 : sizeBytes;

    if (expectsKey) {
      if (kind !== 'string') return 'a map has a key that is not a string';
      if (isProto(frame, at, length)) return 'a map has the key "__proto__"';
    }
    if (kind === 'scalar') {
      if (end - at < fixed) return 'the message ends too early';
      at += fixed;
    } else if (kind === 'string') {
      if (end - at < length) return 'the message ends too early';
      at += length;
    } else {
      const numChildren = kind === 'map' ? length * 2 : length;
      if (end - at < numChildren) return 'the message ends too early'; // a child takes a byte at least
      if (kind === 'map' && length > MAX_MAP_KEYS) return `a map has more than ${MAX_MAP_KEYS} keys`;
      if (depth === MAX_DEPTH) return `the message nests deeper than ${MAX_DEPTH} levels`;
      depth++;
      remaining[depth] = numChildren;
      isMap[depth] = kind === 'map' ? 1 : 0;
    }
  }
};

type Kind = 'scalar' | 'string' | 'array' | 'map' | 'refused';
interface TokenKind {
  readonly kind: Kind;
  /** Bytes of the length field; 0: the length is `fixed`. For a scalar `fixed` is its payload. */
  readonly sizeBytes: number;
  readonly fixed: number;
}

const KINDS: readonly TokenKind[] = Array.from({ length: 256 }, (_, token): TokenKind => {
  const scalar = (fixed: number): TokenKind => ({ kind: 'scalar', sizeBytes: 0, fixed });
  if (token <= 0x7f || token >= 0xe0) return scalar(0); // fixint
  if (token <= 0x8f) return { kind: 'map', sizeBytes: 0, fixed: token & 0x0f };
  if (token <= 0x9f) return { kind: 'array', sizeBytes: 0, fixed: token & 0x0f };
  if (token <= 0xbf) return { kind: 'string', sizeBytes: 0, fixed: token & 0x1f };
  switch (token) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return scalar(0);
    case 0xcc: // uint 8, int 8
    case 0xd0:
      return scalar(1);
    case 0xcd: // uint 16, int 16
    case 0xd1:
      return scalar(2);
    case 0xca: // float 32, uint 32, int 32
    case 0xce:
    case 0xd2:
      return scalar(4);
    case 0xcb: // float 64, uint 64, int 64
    case 0xcf:
    case 0xd3:
      return scalar(8);
    case 0xd9: // str 8, 16, 32
    case 0xda:
    case 0xdb:
      return { kind: 'string', sizeBytes: 1 << (token - 0xd9), fixed: 0 };
    case 0xdc: // array 16, 32
    case 0xdd:
      return { kind: 'array', sizeBytes: 2 << (token - 0xdc), fixed: 0 };
    case 0xde: // map 16, 32
    case 0xdf:
      return { kind: 'map', sizeBytes: 2 << (token - 0xde), fixed: 0 };
    default: // bin, ext, and the byte that msgpack never uses
      return { kind: 'refused', sizeBytes: 0, fixed: 0 };
  }
});

const describe = (token: number): TokenKind => KINDS[token]!;

const readUint = (frame: Uint8Array, at: number, sizeBytes: number): number => {
  let value = 0;
  for (let i = 0; i < sizeBytes; i++) value = value * 256 + frame[at + i]!;
  return value;
};

const PROTO = new TextEncoder().encode('__proto__');

const isProto = (frame: Uint8Array, at: number, length: number): boolean =>
  length === PROTO.length && PROTO.every((byte, i) => frame[at + i] === byte);
