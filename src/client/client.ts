// A client of the daemon. Connects when it is first needed, and again after the connection was lost.
// Requests share one connection. Each response and each watch has its own, so that one whose events are not read makes
// the daemon pause that one alone; a connection that has become free is used for the next.

import { type CodexpcError, connectionLost } from '../errors.js';
import type {
  Health,
  LoadedModel,
  MachineDefinition,
  ModelInfo,
  Status,
  WatchEvent,
} from '../ipc/protocol.js';
import type { Transport } from '../ipc/transport.js';
import { ClientConnection } from './connection.js';
import { EventQueue } from './event-queue.js';
import { type ClientRespondOptions, startResponse } from './respond.js';
import type { Response } from './response.js';

export interface ClientOptions {
  readonly openTransport: () => Promise<Transport>;
  /** Who connects, for the daemon's log. */
  readonly name: string;
}

export interface ClientWatchOptions {
  readonly signal?: AbortSignal;
  readonly content?: boolean;
  readonly history?: boolean;
}

const MAX_IDLE = 1;

export class Client {
  readonly #options: ClientOptions;
  readonly #open = new Set<ClientConnection>();
  readonly #idle: ClientConnection[] = [];
  #shared: Promise<ClientConnection> | null = null;
  #closed = false;

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  async health(): Promise<Health> {
    return (await this.#connection()).request('health', {});
  }

  async status(): Promise<Status> {
    return (await this.#connection()).request('status', {});
  }

  readonly models = {
    list: async (): Promise<readonly ModelInfo[]> => (await this.#connection()).request('models.list', {}),
    inspect: async (checkpoint: string): Promise<ModelInfo> =>
      (await this.#connection()).request('models.inspect', { checkpoint }),
    /** Null: the configured default. Nothing is done when it is loaded already. */
    load: async (checkpoint: string | null = null): Promise<LoadedModel> =>
      (await this.#connection()).request('models.load', { checkpoint }),
    unload: async (): Promise<void> => {
      await (await this.#connection()).request('models.unload', {});
    },
  };

  async shutdown(mode: 'drain' | 'now' = 'drain'): Promise<void> {
    await (await this.#connection()).request('shutdown', { mode });
  }

  /**
   * Starts an answer: iterate over its events, or await its `text()` or `result()`. An abort ends it as `completed` with
   * `finishReason: 'cancelled'`; before it has begun, the signal's reason is thrown.
   */
  respond(options: ClientRespondOptions, { signal }: { readonly signal?: AbortSignal } = {}): Response {
    return startResponse({
      options,
      signal,
      lease: () => this.#lease(),
      release: (connection) => this.#release(connection),
    });
  }

  /** Every statechart of the daemon, as states and transitions. */
  async machines(): Promise<readonly MachineDefinition[]> {
    return (await this.#connection()).request('machines.list', {});
  }

  /** For tests, and to see what a fault does: only with a daemon that was started with `--fault`. */
  async injectFault(fault: string): Promise<void> {
    await (await this.#connection()).request('fault.inject', { fault });
  }

  /** Ends a response of any client, by the id that `watch` shows. One that is over is ignored. */
  async cancel(requestId: string): Promise<void> {
    (await this.#connection()).send({ type: 'cancel', requestId });
  }

  /**
   * What the daemon does, as it does it, until the loop is left or the signal aborts. Texts of prompts and answers come
   * only with `content`, what happened before only with `history`.
   */
  async *watch({ signal, content = false, history = false }: ClientWatchOptions = {}): AsyncGenerator<
    WatchEvent,
    void,
    void
  > {
    signal?.throwIfAborted();
    const connection = await this.#lease();
    const requestId = connection.newRequestId();
    const queue = new EventQueue<WatchEvent>({
      onFull: () => connection.pause(),
      onRoom: () => connection.resume(),
    });
    connection.subscribe(
      { type: 'watch', requestId, content, history },
      {
        event: (message) => void (message.type === 'watch.event' && queue.push(message.event)),
        error: (error) => queue.end({ error }),
      },
    );
    const stop = (): void => queue.end(null);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      for (let event = await queue.next(); event !== null; event = await queue.next()) yield event;
    } finally {
      signal?.removeEventListener('abort', stop);
      connection.close(); // ends the watch: nothing has to be waited for
      this.#open.delete(connection);
    }
  }

  /** Ends everything that is under way. The client can't be used again. Twice is harmless. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#open) connection.close();
    this.#open.clear();
  }

  #connection(): Promise<ClientConnection> {
    const known = this.#shared;
    const shared = (known ?? this.#connect()).then((connection) =>
      connection.isOpen ? connection : this.#connect(),
    );
    this.#shared = shared;
    shared.catch(() => {
      if (this.#shared === shared) this.#shared = null;
    });
    return shared;
  }

  async #lease(): Promise<ClientConnection> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop())
      if (idle.isOpen) return idle;
    return this.#connect();
  }

  #release(connection: ClientConnection): void {
    if (connection.isOpen && this.#idle.length < MAX_IDLE) {
      this.#idle.push(connection);
      return;
    }
    connection.close();
    this.#open.delete(connection);
  }

  async #connect(): Promise<ClientConnection> {
    if (this.#closed) throw closedClient();
    const connection = await ClientConnection.open(await this.#options.openTransport(), this.#options.name);
    if (this.#closed) {
      connection.close();
      throw closedClient();
    }
    for (const old of this.#open) if (!old.isOpen) this.#open.delete(old);
    this.#open.add(connection);
    return connection;
  }
}

const closedClient = (): CodexpcError => connectionLost('a request on a closed client');
