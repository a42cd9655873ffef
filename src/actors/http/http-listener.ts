// Node's HTTP servers on the configured ports: limits on headers, requests and connections, and an orderly end.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AddressInfo, Socket } from 'node:net';
import { portInUse, portUnusable } from '../../errors.js';
import { refusal, toApiError } from '../../ipc/http/api-error.js';
import type { FrontEndCounters } from '../../ipc/counters.js';
import type { Timers } from '../../ipc/timers.js';

/** Answers a request to go on in another protocol. The socket is its own from then on, to close too. */
export type OnUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface HttpListenerOptions {
  /** Of the settings that say where it listens. */
  readonly section: 'http' | 'inspect';
  readonly host: string;
  /** The first one is the daemon's own and may be 0: any that is free. */
  readonly ports: readonly number[];
  readonly limits: HttpListenerLimits;
  readonly counters: FrontEndCounters;
  readonly timers: Timers;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  /** Null: such a request is answered like any other. */
  readonly onUpgrade: OnUpgrade | null;
  readonly onError: (error: unknown) => void;
}

export interface HttpListenerLimits {
  readonly maxConnections: number;
  readonly maxHeaderBytes: number;
  readonly headersMs: number;
  /** For a whole request, its body included. */
  readonly requestMs: number;
  /** Between two requests of a connection. */
  readonly idleMs: number;
  /** What running answers get to hand over their last events. */
  readonly closeMs: number;
}

export const DEFAULT_HTTP_LISTENER_LIMITS: HttpListenerLimits = {
  maxConnections: 1_024,
  maxHeaderBytes: 32 * 1024,
  headersMs: 10_000,
  requestMs: 60_000,
  idleMs: 75_000,
  closeMs: 1_000,
};

export class HttpListener {
  readonly #options: HttpListenerOptions;
  #servers: readonly Server[] = [];

  constructor(options: HttpListenerOptions) {
    this.#options = options;
  }

  /** Resolves to the ports in use. Errors: address_in_use, io_error; then none of the ports is kept. */
  async listen(): Promise<readonly number[]> {
    const bound: number[] = [];
    try {
      for (const port of this.#options.ports) bound.push(await this.#serve(port));
      return bound;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Takes no more requests; waits a moment for answers under way, then ends every connection. Twice is harmless. */
  async close(): Promise<void> {
    const servers = this.#servers;
    this.#servers = [];
    const ended = servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const server of servers) server.closeIdleConnections();
    const cancel = this.#options.timers.after(this.#options.limits.closeMs, () => {
      for (const server of servers) server.closeAllConnections();
    });
    await Promise.all(ended);
    cancel();
  }

  #serve(port: number): Promise<number> {
    const { section, host, limits, onRequest, onUpgrade, onError } = this.#options;
    const server = createServer(
      {
        maxHeaderSize: limits.maxHeaderBytes,
        headersTimeout: limits.headersMs,
        requestTimeout: limits.requestMs,
        keepAliveTimeout: limits.idleMs,
        connectionsCheckingInterval: 2_000,
        requireHostHeader: false, // Node would answer without a body; the router says what is missing
      },
      onRequest,
    );
    server.maxConnections = limits.maxConnections;
    // Node would leave out those beyond 2,000 without a word, an Origin among them; their size is bounded.
    server.maxHeadersCount = 0;
    // A client that asks whether it may send its body is told so where the body is read, or is refused before.
    server.on('checkContinue', onRequest);
    server.on('checkExpectation', onRequest); // another expectation, which may be left unmet
    if (onUpgrade !== null) server.on('upgrade', onUpgrade);
    server.on('connection', (socket) => this.#count(socket));
    server.on('drop', () => this.#options.counters.connectionRefused());
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#refuse(error, socket as Socket));
    this.#servers = [...this.#servers, server];
    return new Promise((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          (error.code === 'EADDRINUSE' ? portInUse : portUnusable)({ section, host, port, cause: error }),
        ),
      );
      server.listen({ host, port }, () => {
        server.removeAllListeners('error');
        server.on('error', (error) => onError(portUnusable({ section, host, port, cause: error })));
        resolve((server.address() as AddressInfo).port);
      });
    });
  }

  #count(socket: Socket): void {
    const { counters } = this.#options;
    counters.connectionOpened();
    const untrack = counters.track(() => socket.writableLength);
    socket.once('close', () => {
      untrack();
      counters.connectionClosed();
    });
  }

  /** What came is no HTTP, or too much or too slow: that connection ends. */
  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    this.#options.counters.protocolError();
    const { status, message } = PROBLEMS[error.code ?? ''] ?? NO_HTTP;
    const body = JSON.stringify(
      toApiError(refusal({ status: Number.parseInt(status), code: 'invalid_request', message })).body,
    );
    socket.end(
      `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  }
}

interface Problem {
  readonly status: string;
  readonly message: string;
}

const NO_HTTP: Problem = {
  status: '400 Bad Request',
  message: 'What came is not a whole HTTP/1.1 request. Send it with an HTTP library.',
};

const PROBLEMS: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    message: 'The headers are larger than this daemon reads. Send fewer or shorter ones.',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: '408 Request Timeout',
    message: 'The request did not come in time. Send it again, whole.',
  },
};
