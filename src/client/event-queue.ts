// Events between a connection and the one who iterates over them. Tells the connection to pause when they pile up.

export interface EventQueueOptions {
  readonly onFull: () => void;
  readonly onRoom: () => void;
  readonly limit?: number;
}

/** What iteration throws: an error of ours, or an abort's reason, which may be anything. */
export interface Failure {
  readonly error: unknown;
}

export class EventQueue<Event> {
  readonly #options: Required<EventQueueOptions>;
  #events: Event[] = [];
  #at = 0;
  #isFull = false;
  #ended = false;
  #failure: Failure | null = null;
  #wake: (() => void) | null = null;
  #keep: (event: Event) => boolean = () => true;

  constructor(options: EventQueueOptions) {
    this.#options = { limit: 256, ...options };
  }

  push(event: Event): void {
    if (this.#ended || !this.#keep(event)) return;
    this.#events.push(event);
    this.#notify();
    if (this.#isFull || this.#events.length - this.#at < this.#options.limit) return;
    this.#isFull = true;
    this.#options.onFull();
  }

  /** What was pushed is still delivered; then iteration ends, or throws. */
  end(failure: Failure | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#notify();
  }

  /** Nobody iterates any more: what is there and what comes is dropped, except what `keep` wants. */
  discard(keep: (event: Event) => boolean): void {
    this.#keep = keep;
    this.#events = this.#events.slice(this.#at).filter(keep);
    this.#at = 0;
    this.#reportRoom();
  }

  /** The next event; null when there are no more. */
  async next(): Promise<Event | null> {
    while (this.#at === this.#events.length) {
      if (this.#failure !== null) throw this.#failure.error;
      if (this.#ended) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#take();
  }

  #take(): Event {
    const event = this.#events[this.#at++] as Event;
    if (this.#at === this.#events.length) {
      this.#events = [];
      this.#at = 0;
    }
    this.#reportRoom();
    return event;
  }

  #reportRoom(): void {
    if (!this.#isFull || this.#events.length - this.#at > this.#options.limit / 2) return;
    this.#isFull = false;
    this.#options.onRoom();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
