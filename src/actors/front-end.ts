// The native front end: connections over the Unix socket, and in memory for clients in this process.

import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { createActor, fromCallback, fromPromise, type InspectionEvent, waitFor } from 'xstate';
import { CodexpcError } from '../errors.js';
import type { FrontEndCounters } from '../ipc/counters.js';
import { daemonCodec } from '../ipc/codec.js';
import { toWireError } from '../ipc/protocol.js';
import type { DaemonService } from '../ipc/service.js';
import { systemTimers, type Timers } from '../ipc/timers.js';
import type { Transport } from '../ipc/transport.js';
import { createMemoryPair } from '../ipc/transports/memory.js';
import { SocketTransport } from '../ipc/transports/socket.js';
import { createFrontEndMachine } from '../machines/front-end.js';
import { Connection, type ConnectionLimits, DEFAULT_CONNECTION_LIMITS } from './connection.js';
import type { SystemCalls } from './system-calls.js';
import { UnixListener } from './unix-listener.js';

export interface FrontEndLimits extends ConnectionLimits {
  readonly maxConnections: number;
  readonly maxFrameBytes: number;
  /** Unread bytes at which a client's streams pause. */
  readonly highWaterBytes: number;
}

export const DEFAULT_FRONT_END_LIMITS: FrontEndLimits = {
  ...DEFAULT_CONNECTION_LIMITS,
  maxConnections: 2_048,
  maxFrameBytes: 16 * 1024 * 1024,
  highWaterBytes: 256 * 1024,
};

export interface FrontEndOptions {
  readonly service: DaemonService;
  readonly daemon: { readonly version: string; readonly pid: number };
  readonly counters: FrontEndCounters;
  readonly logger: Logger;
  /** Null: no socket, clients in this process only. */
  readonly socket: { readonly path: string; readonly uid: number; readonly calls: SystemCalls } | null;
  readonly limits?: Partial<FrontEndLimits>;
  readonly timers?: Timers;
  /** The front end ended by itself: the listening socket broke. */
  readonly onFailed?: (error: CodexpcError) => void;
  /** Tells the one inspector of daemon.ts about the front end's machine. */
  readonly inspect?: (event: InspectionEvent) => void;
}

export class FrontEnd {
  readonly #options: FrontEndOptions;
  readonly #limits: FrontEndLimits;
  readonly #connections = new Set<Connection>();
  readonly #listener: UnixListener | null;
  readonly #actor;
  #numConnections = 0;
  #accepting = false;
  #wasOpen = false;

  constructor(options: FrontEndOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_FRONT_END_LIMITS, ...options.limits };
    this.#listener = options.socket === null ? null : this.#createListener(options.socket);
    this.#actor = createActor(
      createFrontEndMachine({
        listen: fromPromise(async () => this.#listener?.listen()),
        accept: fromCallback(() => {
          this.#accepting = true;
          return () => {
            this.#accepting = false;
          };
        }),
        release: fromPromise(() => this.#release()),
      }),
      options.inspect === undefined ? {} : { inspect: options.inspect },
    ).start();
    this.#actor.subscribe({ complete: () => this.#reportFailure() });
  }

  /** Resolves when clients can connect. Errors: address_in_use, io_error. */
  async open(): Promise<void> {
    this.#actor.send({ type: 'open' });
    const snapshot = await waitFor(
      this.#actor,
      (state) => state.matches('accepting') || state.status === 'done',
    );
    if (snapshot.context.error !== null) throw snapshot.context.error;
    this.#wasOpen = true;
  }

  /** Resolves when the address is free and every connection has ended, at most a moment after it was told to. */
  async close(): Promise<void> {
    this.#actor.send({ type: 'close' });
    await waitFor(this.#actor, (state) => state.status === 'done');
  }

  /** The client's end of a connection in this process. */
  connectInMemory(): Transport {
    const [ours, theirs] = createMemoryPair({ highWaterBytes: this.#limits.highWaterBytes });
    if (this.#accepting) this.#serve(ours);
    else ours.close();
    return theirs;
  }

  #createListener({ path, uid, calls }: NonNullable<FrontEndOptions['socket']>): UnixListener {
    const { counters, logger, daemon } = this.#options;
    return new UnixListener({
      path,
      uid,
      pid: daemon.pid,
      calls,
      onConnection: (socket) => this.#take(socket),
      onRefused: (peerUid) => {
        counters.connectionRefused();
        logger.warn({ peerUid }, 'refused a connection: it is not provably this user');
      },
      onError: (error) => this.#actor.send({ type: 'listener.failed', error }),
    });
  }

  #take(socket: Socket): void {
    // A connection that comes while the front end is closing was never promised anything.
    if (!this.#accepting && !this.#actor.getSnapshot().matches('listening')) {
      socket.destroy();
      return;
    }
    const { maxFrameBytes, highWaterBytes } = this.#limits;
    const transport = new SocketTransport(socket, { maxFrameBytes, highWaterBytes, timers: this.#timers });
    if (this.#connections.size < this.#limits.maxConnections) this.#serve(transport);
    else this.#turnAway(transport);
  }

  #serve(transport: Transport): void {
    const { service, daemon, counters, logger } = this.#options;
    const connection: Connection = new Connection({
      id: `c${++this.#numConnections}`,
      transport,
      service,
      daemon,
      counters,
      logger,
      timers: this.#timers,
      limits: this.#limits,
      onClosed: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
  }

  #turnAway(transport: Transport): void {
    this.#options.counters.connectionRefused();
    const error = new CodexpcError({
      code: 'insufficient_resources',
      message: `The daemon already has ${this.#limits.maxConnections} connections. Close some, then connect again.`,
    });
    transport.open({ message: () => {}, drain: () => {}, fault: () => {}, close: () => {} });
    transport.send(
      daemonCodec.encode({ type: 'error', requestId: null, callId: null, error: toWireError(error) }),
    );
    transport.close();
  }

  async #release(): Promise<void> {
    await this.#listener?.close();
    const connections = [...this.#connections];
    for (const connection of connections) connection.close('shutdown');
    // The last events of cancelled responses still reach their clients before the process ends.
    await Promise.all(connections.map(({ closed }) => closed));
  }

  #reportFailure(): void {
    const { error } = this.#actor.getSnapshot().context;
    if (this.#wasOpen && error instanceof CodexpcError) this.#options.onFailed?.(error);
  }

  get #timers(): Timers {
    return this.#options.timers ?? systemTimers;
  }
}
