// The sink of one response. Says when its client does not keep up, and when it does again.

import type { FrontEndCounters } from '../ipc/counters.js';
import { isTerminal, type ResponseEvent } from '../ipc/protocol.js';
import type { ResponseSink } from '../ipc/service.js';

export interface ResponseStreamOptions {
  /** Takes the event always; false when the client's buffer is full. */
  readonly write: (event: ResponseEvent) => boolean;
  readonly counters: FrontEndCounters;
}

export class ResponseStream implements ResponseSink {
  readonly #write: (event: ResponseEvent) => boolean;
  readonly #counters: FrontEndCounters;
  #listener: (() => void) | null = null;
  #paused = false;
  #over = false;

  constructor({ write, counters }: ResponseStreamOptions) {
    this.#write = write;
    this.#counters = counters;
  }

  send(event: ResponseEvent): boolean {
    if (this.#over) return true; // the client has gone: what still comes is for nobody, and must not wait for it
    const hasRoom = this.#write(event);
    if (isTerminal(event)) {
      this.abandon();
      return true;
    }
    if (!hasRoom && !this.#paused) {
      this.#paused = true;
      this.#counters.streamPaused();
    }
    return hasRoom;
  }

  onDrain(resume: () => void): void {
    this.#listener = resume;
  }

  /** The client has read enough. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#counters.streamResumed();
    this.#listener?.();
  }

  /** Nothing is written any more. A producer that waits is let go, to find its request cancelled. */
  abandon(): void {
    this.#over = true;
    this.resume();
    this.#listener = null;
  }
}
