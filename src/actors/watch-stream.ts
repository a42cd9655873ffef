// The sink of one watcher. The daemon never waits for a watcher: what it does not read in time is dropped and counted,
// and it gets a new snapshot to go on from.

import type { FrontEndCounters } from '../ipc/counters.js';
import type { WatchEvent } from '../ipc/protocol.js';

export interface WatchStreamOptions {
  /** Takes the event always; false when the client's buffer is full. */
  readonly write: (sequence: number, event: WatchEvent) => boolean;
  readonly counters: FrontEndCounters;
  readonly snapshot: () => WatchEvent;
}

export class WatchStream {
  readonly #options: WatchStreamOptions;
  #sequence = 0;
  #full = false;
  #dropped = 0;
  #droppedAt = 0;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
  }

  send(event: WatchEvent): void {
    if (this.#full) {
      this.#dropped++;
      this.#droppedAt = event.at;
      this.#options.counters.watchEventsDropped(1);
      return;
    }
    this.#full = !this.#options.write(this.#sequence++, event);
  }

  resume(): void {
    this.#full = false;
    if (this.#dropped === 0) return;
    const event: WatchEvent = { kind: 'dropped', at: this.#droppedAt, count: this.#dropped };
    this.#dropped = 0;
    this.send(event);
    this.send(this.#options.snapshot());
  }
}
