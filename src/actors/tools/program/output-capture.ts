// Keeps the head and the tail of what a program writes, counts the rest.

export interface OutputCapture {
  write(chunk: Uint8Array): void;
  /** Bytes written so far, kept or not. */
  numBytes(): number;
  /** At most `maxBytes` of it, with a marker where something was left out. */
  text(maxBytes: number): CapturedText;
}

export interface CapturedText {
  readonly text: string;
  readonly isTruncated: boolean;
}

/** Keeps enough for texts of up to `maxBytes`. */
export const createOutputCapture = (maxBytes: number): OutputCapture => {
  const head = Buffer.alloc(maxBytes);
  let headBytes = 0;
  let tail: Buffer[] = [];
  let tailBytes = 0;
  let numBytes = 0;

  const keepTail = (chunk: Buffer): void => {
    tail.push(Buffer.from(chunk.subarray(-maxBytes))); // its own copy: the chunk's memory is used again
    tailBytes += tail.at(-1)!.length;
    while (tailBytes - tail[0]!.length >= maxBytes) tailBytes -= tail.shift()!.length;
    if (tail.length > 1_024) tail = [Buffer.concat(tail)]; // many small writes
  };

  return {
    write: (chunk) => {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      numBytes += bytes.length;
      const forHead = Math.min(bytes.length, maxBytes - headBytes);
      bytes.copy(head, headBytes, 0, forHead);
      headBytes += forHead;
      if (forHead < bytes.length) keepTail(bytes.subarray(forHead));
    },
    numBytes: () => numBytes,
    text: (limit) => {
      const kept = Math.min(limit, maxBytes);
      const start = head.subarray(0, headBytes);
      if (numBytes <= kept) return { text: start.toString('utf8'), isTruncated: false };
      const end = Buffer.concat([start, ...tail]).subarray(-Math.floor(kept / 2));
      return { text: cut(start.subarray(0, Math.ceil(kept / 2)), end, numBytes), isTruncated: true };
    },
  };
};

/** The same for a text that is there as a whole. */
export const cutText = (text: string, maxBytes: number): CapturedText => {
  const capture = createOutputCapture(maxBytes);
  capture.write(Buffer.from(text, 'utf8'));
  return capture.text(maxBytes);
};

const cut = (head: Buffer, tail: Buffer, numBytes: number): string => {
  const first = head.subarray(0, wholeCharacters(head));
  const last = tail.subarray(firstCharacter(tail));
  const leftOut = (numBytes - first.length - last.length).toLocaleString('en');
  return `${first.toString('utf8')}\n[… ${leftOut} bytes left out …]\n${last.toString('utf8')}`;
};

const isContinuation = (byte: number): boolean => (byte & 0xc0) === 0x80;

/** Bytes before a character that the end cuts in two. */
const wholeCharacters = (bytes: Buffer): number => {
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (isContinuation(byte)) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
};

/** Bytes of a character that began before the start; at most three. */
const firstCharacter = (bytes: Buffer): number => {
  let skip = 0;
  while (skip < 3 && skip < bytes.length && isContinuation(bytes[skip]!)) skip++;
  return skip;
};
