// Frames over a net.Socket. Messages sent in one turn of the event loop leave as one write.

import { connect, type Socket } from 'node:net';
import { CodexpcError, invariantViolated, malformedFrame } from '../../errors.js';
import { FrameReader, joinFrames, MAX_FRAME_BYTES } from '../framing.js';
import { systemTimers, type Timers } from '../timers.js';
import { HIGH_WATER_BYTES, type Transport, type TransportEvents } from '../transport.js';

/** How long a closed connection may take to hand over its last bytes. */
const LINGER_MS = 1_000;

export interface SocketTransportOptions {
  readonly maxFrameBytes?: number;
  readonly highWaterBytes?: number;
  readonly timers?: Timers;
}

/** The socket must allow half-open: a coded error still reaches a peer that has ended its side inside a frame. */
export class SocketTransport implements Transport {
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  readonly #highWaterBytes: number;
  readonly #timers: Timers;
  #events: TransportEvents | null = null;
  #outbox: Uint8Array[] = [];
  #outboxBytes = 0;
  #writtenBytes = 0; // handed to the socket, not yet taken by the system
  #mustDrain = false;
  #paused = true;
  #finished = false; // nothing more is received: faulted or closing
  #closed = false;

  constructor(socket: Socket, options: SocketTransportOptions = {}) {
    this.#socket = socket;
    this.#reader = new FrameReader(options.maxFrameBytes ?? MAX_FRAME_BYTES);
    this.#highWaterBytes = options.highWaterBytes ?? HIGH_WATER_BYTES;
    this.#timers = options.timers ?? systemTimers;
    socket.pause();
    socket.on('error', () => this.destroy()); // EPIPE, ECONNRESET: the peer has gone, which is what `close` tells
    socket.on('close', () => this.#reportClose());
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('end', () => this.#receiveEnd());
  }

  open(events: TransportEvents): void {
    this.#events = events;
    if (this.#socket.destroyed) this.#reportClose();
    this.resume();
  }

  send(message: Uint8Array): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return true;
    this.#outbox.push(message);
    this.#outboxBytes += message.length;
    if (this.#outbox.length === 1) queueMicrotask(() => this.#flush());
    this.#mustDrain ||= this.bufferedBytes >= this.#highWaterBytes;
    return !this.#mustDrain;
  }

  get bufferedBytes(): number {
    return this.#outboxBytes + this.#writtenBytes;
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
    if (!this.#paused) this.#socket.resume();
  }

  close(): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#finished = true;
    this.#flush();
    this.#socket.end();
    this.#socket.resume(); // reads on and discards, so that a peer in the middle of a send comes to see the last message
    const cancel = this.#timers.after(LINGER_MS, () => this.destroy());
    this.#socket.once('close', cancel);
  }

  destroy(): void {
    this.#finished = true;
    this.#socket.destroy();
  }

  #flush(): void {
    if (this.#outbox.length === 0) return;
    const piece = joinFrames(this.#outbox);
    this.#outbox = [];
    this.#outboxBytes = 0;
    this.#writtenBytes += piece.length;
    this.#socket.write(piece, () => {
      this.#writtenBytes -= piece.length;
      // Node also calls back for what a destroyed socket will never write: that is no room for more.
      if (this.#socket.destroyed) return;
      if (!this.#mustDrain || this.bufferedBytes > this.#highWaterBytes / 2) return;
      this.#mustDrain = false;
      this.#events?.drain();
    });
  }

  #receive(chunk: Buffer): void {
    if (this.#finished) return;
    this.#reader.push(chunk);
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#paused && !this.#finished) {
      const message = this.#next();
      if (message === null) return;
      this.#events?.message(message);
    }
  }

  #next(): Uint8Array | null {
    try {
      return this.#reader.next();
    } catch (error) {
      this.#fault(
        error instanceof CodexpcError ? error : invariantViolated('an error while reading frames', error),
      );
      return null;
    }
  }

  // The peer has ended its side. It is gone, and what it asked for ends now, unless it was cut off inside a frame and
  // is still to be told so.
  #receiveEnd(): void {
    if (this.#finished) return;
    if (this.#reader.isInsideFrame) this.#fault(malformedFrame('the stream ended inside a frame'));
    else this.destroy();
  }

  #fault(error: CodexpcError): void {
    this.#finished = true;
    this.#events?.fault(error);
  }

  #reportClose(): void {
    if (this.#closed || this.#events === null) return;
    this.#closed = true;
    this.#events.close();
  }
}

/** Connects to the socket at `path`. Rejects with the system's error (ENOENT, ECONNREFUSED, EACCES, …). */
export const connectSocket = (path: string, options: SocketTransportOptions = {}): Promise<SocketTransport> =>
  new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(new SocketTransport(socket, options));
    });
  });
