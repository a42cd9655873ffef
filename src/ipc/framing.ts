// One message a frame on a byte stream: its length as a big-endian u32, then its bytes.

import { malformedFrame } from '../errors.js';

export const HEADER_BYTES = 4;
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;
const FIRST_ALLOCATION_BYTES = 64 * 1024;

/** Header and message for each, as one piece: a single write to the socket. */
export const joinFrames = (messages: readonly Uint8Array[]): Buffer => {
  const joined = Buffer.allocUnsafe(
    messages.reduce((sum, message) => sum + HEADER_BYTES + message.length, 0),
  );
  let at = 0;
  for (const message of messages) {
    at = joined.writeUInt32BE(message.length, at);
    joined.set(message, at);
    at += message.length;
  }
  return joined;
};

/**
 * Cuts a stream of chunks back into messages. Each byte is copied at most a constant number of times, however small the
 * chunks: a message that spans chunks is gathered in a buffer that doubles, never sized by an unproven header.
 */
export class FrameReader {
  readonly #maxFrameBytes: number;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerLength = 0;
  #body: Buffer | null = null;
  #bodyLength = 0;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(maxFrameBytes: number = MAX_FRAME_BYTES) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  push(chunk: Uint8Array): void {
    const left = this.#chunk.subarray(this.#at);
    this.#chunk = left.length === 0 ? chunk : Buffer.concat([left, chunk]);
    this.#at = 0;
  }

  /** The next whole message, or null until more bytes come. Throws malformed_frame when one is over the limit. */
  next(): Uint8Array | null {
    if (!this.#readHeader()) return null;
    const size = this.#header.readUInt32BE(0);
    if (size > this.#maxFrameBytes) {
      throw malformedFrame(`a frame of ${size} bytes is over the limit of ${this.#maxFrameBytes}`, { size });
    }
    const available = this.#chunk.length - this.#at;
    if (this.#body === null && available >= size) {
      const message = this.#chunk.subarray(this.#at, this.#at + size);
      this.#at += size;
      this.#headerLength = 0;
      return message;
    }
    return this.#gather(size);
  }

  /** True when the stream stops inside a frame. */
  get isInsideFrame(): boolean {
    return this.#headerLength > 0 || this.#at < this.#chunk.length;
  }

  #readHeader(): boolean {
    while (this.#headerLength < HEADER_BYTES && this.#at < this.#chunk.length) {
      this.#header[this.#headerLength++] = this.#chunk[this.#at++]!;
    }
    return this.#headerLength === HEADER_BYTES;
  }

  #gather(size: number): Uint8Array | null {
    const piece = this.#chunk.subarray(this.#at, this.#at + size - this.#bodyLength);
    const needed = this.#bodyLength + piece.length;
    if (this.#body === null || this.#body.length < needed) {
      const grown = Buffer.allocUnsafe(Math.min(size, Math.max(needed * 2, FIRST_ALLOCATION_BYTES)));
      if (this.#body !== null) grown.set(this.#body.subarray(0, this.#bodyLength));
      this.#body = grown;
    }
    this.#body.set(piece, this.#bodyLength);
    this.#bodyLength = needed;
    this.#at += piece.length;
    if (needed < size) return null;

    const message = this.#body.subarray(0, size);
    this.#body = null;
    this.#bodyLength = 0;
    this.#headerLength = 0;
    return message;
  }
}
