// The native front end: connections over the Unix socket and XPC, and in memory for clients in this process.

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
import { XpcTransport } from '../ipc/transports/xpc.js';
import type { XpcAddon, XpcHandle } from '../ipc/transports/xpc-addon.js';
import { createFrontEndMachine } from '../machines/front-end.js';
import { Connection, type ConnectionLimits, DEFAULT_CONNECTION_LIMITS } from './connection.js';
import type { SystemCalls } from './system-calls.js';
import { UnixListener } from './unix-listener.js';
import { XpcListener } from './xpc-listener.js';

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
  /** The Mach service that launchd keeps for this process; null: none. */
  readonly xpc: XpcFrontEndOptions | null;
  readonly limits?: Partial<FrontEndLimits>;
  readonly timers?: Timers;
  /** The front end ended by itself: the listening socket broke. */
  readonly onFailed?: (error: CodexpcError) => void;
  /** Tells the one inspector of daemon.ts about the front end's machine. */
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface XpcFrontEndOptions {
  readonly addon: XpcAddon;
  readonly service: string;
  /** Of the clients' code signatures; '' = none. */
  readonly requirement: string;
  readonly uid: number;
}

/** Where clients come in. */
interface Listener {
  /** Errors: address_in_use, io_error, invalid_request. */
  listen(): Promise<void>;
  /** Takes no more connections; open ones go on. Twice is harmless. */
  close(): Promise<void>;
}

export class FrontEnd {
  readonly #options: FrontEndOptions;
  readonly #limits: FrontEndLimits;
  readonly #connections = new Set<Connection>();
  readonly #listeners: readonly Listener[];
  readonly #actor;
  #numConnections = 0;
  #accepting = false;
  #wasOpen = false;

  constructor(options: FrontEndOptions) {
    this.#options = options;
    this.#limits = { ...DEFAULT_FRONT_END_LIMITS, ...options.limits };
    this.#listeners = [
      ...(options.socket === null ? [] : [this.#createUnixListener(options.socket)]),
      ...(options.xpc === null ? [] : [this.#createXpcListener(options.xpc)]),
    ];
    this.#actor = createActor(
      createFrontEndMachine({
        listen: fromPromise(async () => {
          for (const listener of this.#listeners) await listener.listen();
        }),
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

  #createUnixListener({ path, uid, calls }: NonNullable<FrontEndOptions['socket']>): Listener {
    const { counters, logger, daemon } = this.#options;
    return new UnixListener({
      path,
      uid,
      pid: daemon.pid,
      calls,
      onConnection: (socket) => this.#takeSocket(socket),
      onRefused: (peerUid) => {
        counters.connectionRefused();
        logger.warn({ peerUid }, 'refused a connection: it is not provably this user');
      },
      onError: (error) => this.#actor.send({ type: 'listener.failed', error }),
    });
  }

  #createXpcListener(options: XpcFrontEndOptions): Listener {
    const { counters, logger } = this.#options;
    return new XpcListener({
      ...options,
      maxFrameBytes: this.#limits.maxFrameBytes,
      onConnection: (handle) => this.#takeXpc(handle),
      onRefused: (peer) => {
        counters.connectionRefused();
        logger.warn(
          { peer },
          'refused an XPC connection: another user, or the requirement cannot be applied',
        );
      },
      onError: (error) => this.#actor.send({ type: 'listener.failed', error }),
    });
  }

  #takeSocket(socket: Socket): void {
    const { maxFrameBytes, highWaterBytes } = this.#limits;
    if (this.#isTaking())
      this.#admit(new SocketTransport(socket, { maxFrameBytes, highWaterBytes, timers: this.#timers }));
    else socket.destroy();
  }

  #takeXpc(handle: XpcHandle): XpcTransport {
    const { highWaterBytes } = this.#limits;
    const transport = new XpcTransport(handle, { highWaterBytes, timers: this.#timers });
    if (this.#isTaking()) this.#admit(transport);
    else transport.destroy();
    return transport;
  }

  /** A connection that comes while the front end is closing was never promised anything. */
  #isTaking(): boolean {
    return this.#accepting || this.#actor.getSnapshot().matches('listening');
  }

  #admit(transport: Transport): void {
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
    for (const listener of this.#listeners) await listener.close();
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
