// Ctrl-C and its kin as an AbortSignal. The first one stops the work cleanly, a second ends the process at once.

import type { CliContext, Signal } from './context.js';
import { EXIT } from './exit-codes.js';

const EXIT_CODES: { readonly [Name in Signal]: number } = {
  SIGINT: EXIT.interrupted,
  SIGTERM: EXIT.terminated,
  SIGHUP: EXIT.terminated,
};

export class Interruption {
  readonly #controller = new AbortController();
  readonly #removers: ReadonlyArray<() => void>;
  #exitCode: number | null = null;

  constructor({ onSignal, exitNow }: Pick<CliContext, 'onSignal' | 'exitNow'>) {
    this.#removers = (Object.keys(EXIT_CODES) as Signal[]).map((name) =>
      onSignal(name, () => {
        if (this.#exitCode !== null) exitNow(EXIT_CODES[name]);
        this.#exitCode = EXIT_CODES[name];
        this.#controller.abort(new Interrupted());
      }),
    );
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Null as long as nobody interrupted. */
  get exitCode(): number | null {
    return this.#exitCode;
  }

  /** Settles as `work` does, but rejects as soon as somebody interrupts. */
  async race<Value>(work: Promise<Value>): Promise<Value> {
    const { signal } = this;
    signal.throwIfAborted();
    let stop: () => void = () => {};
    const interrupted = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
    });
    try {
      return await Promise.race([work, interrupted]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** From here on signals do again what they do without us. */
  dispose(): void {
    for (const remove of this.#removers) remove();
  }
}

/** Why the signal aborted; the exit code says the rest. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
