// UTF-8 to text, a few bytes at a time: an incomplete sequence at the end waits for its next byte,
// an invalid one becomes U+FFFD by the maximal-subpart rule, exactly as a whole-text decoder does it.

/** Longest proper prefix of a sequence. */
const MAX_PENDING = 3;

export interface Utf8Stream {
  /** Text that bytes[from, to) complete; empty if they only begin or continue a sequence. */
  push(bytes: Uint8Array, from: number, to: number): string;
  /** U+FFFD if a sequence is incomplete, else empty; starts anew. */
  flush(): string;
  /** True while an incomplete sequence waits. */
  readonly isPending: boolean;
}

export const createUtf8Stream = (): Utf8Stream => {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const pending = new Uint8Array(MAX_PENDING);
  let numPending = 0;

  return {
    push(bytes, from, to) {
      let source = bytes;
      let start = from;
      let end = to;
      if (numPending > 0) {
        source = new Uint8Array(numPending + to - from);
        source.set(pending.subarray(0, numPending));
        source.set(bytes.subarray(from, to), numPending);
        start = 0;
        end = source.length;
      }
      const complete = endOfComplete(source, start, end);
      numPending = end - complete;
      for (let i = 0; i < numPending; i++) pending[i] = source[complete + i]!;
      return complete === start ? '' : decoder.decode(source.subarray(start, complete));
    },
    flush() {
      const rest = numPending > 0 ? '\ufffd' : '';
      numPending = 0;
      return rest;
    },
    get isPending() {
      return numPending > 0;
    },
  };
};

/** Where an incomplete sequence at the end of bytes[from, to) begins; `to` if there is none. */
export const endOfComplete = (bytes: Uint8Array, from: number, to: number): number => {
  let lead = to - 1;
  while (lead >= from && lead > to - 1 - MAX_PENDING && (bytes[lead]! & 0xc0) === 0x80) lead--;
  if (lead < from) return to;
  const first = bytes[lead]!;
  const needed = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
  const present = to - lead;
  if (present >= needed) return to;
  if (present > 1 && !isSecondByte(first, bytes[lead + 1]!)) return to; // invalid already: no byte can mend it
  return lead;
};

/** The second byte of a sequence has a narrower range after E0, ED, F0 and F4. */
const isSecondByte = (first: number, second: number): boolean => {
  switch (first) {
    case 0xe0:
      return second >= 0xa0 && second <= 0xbf;
    case 0xed:
      return second >= 0x80 && second <= 0x9f;
    case 0xf0:
      return second >= 0x90 && second <= 0xbf;
    case 0xf4:
      return second >= 0x80 && second <= 0x8f;
    default:
      return second >= 0x80 && second <= 0xbf;
  }
};
