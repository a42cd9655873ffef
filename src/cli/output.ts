// Writing that waits for the reader, and a reader that leaves (`| head -1`) ends the command instead of crashing it.

import type { OutputStream } from './context.js';

export class PipeClosed extends Error {
  override readonly name = 'PipeClosed';
}

/** Aborts when the reader of the stream has gone. Any other failure to write (a full disk) is thrown as it is. */
export class Output {
  readonly #stream: OutputStream;
  readonly #gone = new AbortController();
  readonly #onError = (error: NodeJS.ErrnoException): void => {
    this.#gone.abort(
      error.code === 'EPIPE' || error.code === 'ERR_STREAM_DESTROYED' ? new PipeClosed() : error,
    );
  };

  constructor(stream: OutputStream) {
    this.#stream = stream;
    stream.on('error', this.#onError);
  }

  /** Aborted with a PipeClosed once nobody reads any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when the stream wants more. */
  async write(text: string): Promise<void> {
    this.#gone.signal.throwIfAborted();
    if (text === '' || this.#stream.write(text)) return;
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        this.#stream.off('drain', done);
        this.#gone.signal.removeEventListener('abort', done);
        if (this.#gone.signal.aborted) reject(this.#gone.signal.reason as Error);
        else resolve();
      };
      this.#stream.once('drain', done);
      this.#gone.signal.addEventListener('abort', done);
    });
  }

  /** Resolves when everything written has reached the system. */
  async flush(): Promise<void> {
    if (this.#gone.signal.aborted || this.#stream.destroyed) return;
    await new Promise<void>((resolve) => this.#stream.write('', () => resolve()));
  }
}
