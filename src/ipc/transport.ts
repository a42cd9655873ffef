// What carries messages between a client and the daemon: a socket, a pair in memory, an XPC connection.

import type { CodexpcError } from '../errors.js';

export interface TransportEvents {
  message(bytes: Uint8Array): void;
  /** The peer has read enough: `send` would say true again. */
  drain(): void;
  /** What comes cannot be understood any more, or nobody was there. Nothing more is read, but a last message can be sent before `close`. */
  fault(error: CodexpcError): void;
  /** The peer is gone, or both sides have closed. Once. */
  close(): void;
}

export interface Transport {
  /** Starts delivery. Before it nothing is lost. */
  open(events: TransportEvents): void;
  /** Takes one whole message, always. False: the buffer is full; send no more than you must until `drain`. */
  send(message: Uint8Array): boolean;
  /** Sent, but not yet taken by the peer or its system. */
  readonly bufferedBytes: number;
  /** Stops delivery of messages, so that the peer's sends fill up in turn. */
  pause(): void;
  resume(): void;
  /** Delivers what was sent, within a moment, then closes. Nothing more is received. */
  close(): void;
  /** Closes at once. */
  destroy(): void;
}

export const HIGH_WATER_BYTES = 256 * 1024;
