// Two ends in one process: a client and a daemon without a socket, and tests that decide when a peer reads.

import { HIGH_WATER_BYTES, type Transport, type TransportEvents } from '../transport.js';

export interface MemoryPairOptions {
  readonly highWaterBytes?: number;
}

export const createMemoryPair = ({ highWaterBytes = HIGH_WATER_BYTES }: MemoryPairOptions = {}): readonly [
  Transport,
  Transport,
] => {
  const left = new MemoryEnd(highWaterBytes);
  const right = new MemoryEnd(highWaterBytes);
  left.join(right);
  right.join(left);
  return [left, right];
};

class MemoryEnd implements Transport {
  readonly #highWaterBytes: number;
  #peer: MemoryEnd | null = null;
  #events: TransportEvents | null = null;
  #inbox: Uint8Array[] = [];
  #inboxBytes = 0;
  #paused = false;
  #peerWaits = false; // its last send was told to wait
  #peerClosed = false;
  #closed = false;
  #scheduled = false;

  constructor(highWaterBytes: number) {
    this.#highWaterBytes = highWaterBytes;
  }

  join(peer: MemoryEnd): void {
    this.#peer = peer;
  }

  open(events: TransportEvents): void {
    this.#events = events;
    this.#schedule();
  }

  send(message: Uint8Array): boolean {
    const peer = this.#peer;
    if (this.#closed || peer === null) return true;
    return peer.#accept(message);
  }

  get bufferedBytes(): number {
    return this.#peer === null ? 0 : this.#peer.#inboxBytes;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#schedule();
  }

  close(): void {
    this.#end();
  }

  destroy(): void {
    this.#end();
  }

  #accept(message: Uint8Array): boolean {
    if (this.#closed) return true;
    this.#inbox.push(message);
    this.#inboxBytes += message.length;
    this.#schedule();
    this.#peerWaits ||= this.#inboxBytes >= this.#highWaterBytes;
    return !this.#peerWaits;
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox = [];
    this.#inboxBytes = 0;
    const peer = this.#peer;
    if (peer !== null) {
      peer.#peerClosed = true;
      peer.#schedule();
      // One that stopped reading because we did not read must look again, and find us gone.
      if (this.#peerWaits && peer.#paused && !peer.#closed) queueMicrotask(() => peer.#events?.drain());
    }
    queueMicrotask(() => this.#events?.close());
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#events === null || this.#closed) return;
    const batch = this.#inbox;
    let at = 0;
    while (at < batch.length && !this.#paused && !this.#closed) {
      const message = batch[at++]!;
      this.#inboxBytes -= message.length;
      this.#events.message(message);
    }
    if (this.#closed) return;
    this.#inbox = this.#inbox === batch ? batch.slice(at) : [...batch.slice(at), ...this.#inbox];
    if (this.#peerWaits && this.#inboxBytes <= this.#highWaterBytes / 2) {
      this.#peerWaits = false;
      const peer = this.#peer;
      queueMicrotask(() => {
        if (peer !== null && !peer.#closed) peer.#events?.drain();
      });
    }
    if (this.#peerClosed && this.#inbox.length === 0) this.#end();
  }
}
