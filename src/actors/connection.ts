// One client's connection: greeting → open → closing. Turns frames into calls of DaemonService and events into frames.
// Whatever a client does, only its own requests feel it: its ids are qualified, its faults close this connection alone,
// and when it stops reading, its streams pause and then its requests are no longer read.

import type { Logger } from 'pino';
import { CodexpcError, malformedFrame, versionMismatch } from '../errors.js';
import { clientCodec, daemonCodec, UndecodableMessage } from '../ipc/codec.js';
import type { FrontEndCounters } from '../ipc/counters.js';
import {
  type ClientMessage,
  type DaemonMessage,
  isTerminal,
  PROTOCOL_VERSION,
  type Respond,
  toWireError,
  type Watch,
  type WireError,
} from '../ipc/protocol.js';
import type { CancelReason, DaemonService } from '../ipc/service.js';
import type { Timers } from '../ipc/timers.js';
import type { Transport } from '../ipc/transport.js';
import { answerRequest, type ServiceRequest } from './connection-requests.js';
import { ResponseStream } from './response-stream.js';
import { WatchStream } from './watch-stream.js';

export interface ConnectionLimits {
  /** From connecting to `hello`. */
  readonly handshakeMs: number;
  /** Requests, responses and watches at once. */
  readonly maxInFlight: number;
  /** With this much unread, no further request is read. Above the transport's own mark, where streams pause, so that a client with a paused stream can still cancel it. */
  readonly pauseRequestsBytes: number;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = {
  handshakeMs: 5_000,
  maxInFlight: 1_024,
  pauseRequestsBytes: 1024 * 1024,
};

export interface ConnectionOptions {
  /** Unique in the daemon: qualifies the client's request ids. */
  readonly id: string;
  readonly transport: Transport;
  readonly service: DaemonService;
  readonly daemon: { readonly version: string; readonly pid: number };
  readonly counters: FrontEndCounters;
  readonly timers: Timers;
  readonly limits: ConnectionLimits;
  readonly logger: Logger;
  readonly onClosed: () => void;
}

/** Something that lasts: ends when the client cancels it, and at once when the client has gone. */
interface InFlight {
  cancel(): void;
  abandon(reason: CancelReason): void;
  resume(): void;
}

const HANDSHAKE_GRACE_MS = 100;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #inFlight = new Map<string, InFlight>();
  readonly #untrack: () => void;
  /** Resolves when the transport is closed, with everything handed over that the peer would take. */
  readonly closed: Promise<void>;
  #resolveClosed: () => void = () => {};
  #state: 'greeting' | 'open' | 'closing' = 'greeting';
  #ended = false;
  #cancelHandshakeLimit: () => void;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { transport, timers, limits, counters } = options;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    counters.connectionOpened();
    this.#untrack = counters.track(() => transport.bufferedBytes);
    const fail = (): void => this.#fail(malformedFrame(`no hello came within ${limits.handshakeMs} ms`));
    this.#cancelHandshakeLimit = timers.after(limits.handshakeMs, () => {
      // After a suspension, or on a very busy machine, it may have come and not been read: timers go first.
      this.#cancelHandshakeLimit = timers.after(HANDSHAKE_GRACE_MS, fail);
    });
    transport.open({
      message: (bytes) => this.#receive(bytes),
      drain: () => this.#drain(),
      fault: (error) => this.#fail(error),
      close: () => this.#end(),
    });
  }

  /** Cancels this client's responses, hands over what is left to send, their last events included, then closes. */
  close(reason: CancelReason): void {
    if (this.#state === 'closing') return;
    this.#state = 'closing';
    this.#abandonAll(reason);
    this.#options.transport.close();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#state === 'closing') return;
    let message: ClientMessage;
    try {
      message = clientCodec.decode(bytes);
    } catch (error) {
      if (error instanceof UndecodableMessage && error.requestId !== null && this.#state === 'open') {
        this.#refuse(error.requestId, toWireError(error));
      } else {
        this.#fail(error);
      }
      return;
    }
    if (this.#state === 'greeting') this.#greet(message);
    else this.#handle(message);
    if (this.#options.transport.bufferedBytes > this.#options.limits.pauseRequestsBytes)
      this.#options.transport.pause();
  }

  #greet(message: ClientMessage): void {
    if (message.type !== 'hello') {
      this.#fail(malformedFrame(`the first message must be hello, not ${message.type}`));
      return;
    }
    if (message.protocolVersion !== PROTOCOL_VERSION) {
      this.#fail(versionMismatch(message.protocolVersion, PROTOCOL_VERSION));
      return;
    }
    this.#cancelHandshakeLimit();
    this.#state = 'open';
    this.#options.logger.debug({ connection: this.#options.id, client: message.client }, 'client connected');
    this.#send({ type: 'hello', protocolVersion: PROTOCOL_VERSION, daemon: this.#options.daemon });
  }

  #handle(message: ClientMessage): void {
    switch (message.type) {
      case 'hello':
        this.#fail(malformedFrame('hello came a second time'));
        return;
      case 'cancel':
        // An id that is not this client's own may be a qualified one, as `watch` shows them.
        (this.#inFlight.get(message.requestId) ?? this.#foreign(message.requestId)).cancel();
        return;
      case 'tool_output':
        if (!this.#inFlight.has(message.requestId)) return; // its response has ended meanwhile
        this.#tryService(message.requestId, message.callId, () =>
          this.#options.service.toolOutput({ ...message, requestId: this.#qualify(message.requestId) }),
        );
        return;
      default:
        if (this.#admit(message.requestId)) this.#start(message);
    }
  }

  #start(message: ServiceRequest | Extract<ClientMessage, { type: 'respond' | 'watch' }>): void {
    if (message.type === 'respond') this.#respond(message);
    else if (message.type === 'watch') this.#watch(message);
    else this.#request(message);
  }

  #admit(requestId: string): boolean {
    if (this.#inFlight.has(requestId)) {
      this.#fail(
        malformedFrame(`the request id ${JSON.stringify(requestId)} is already in use on this connection`),
      );
      return false;
    }
    const { maxInFlight } = this.#options.limits;
    if (this.#inFlight.size < maxInFlight) return true;
    const message = `This connection already has ${maxInFlight} requests in flight. Wait for one to end, then send this one again.`;
    this.#refuse(requestId, { code: 'queue_full', message, details: { bound: maxInFlight } });
    return false;
  }

  #respond(request: Respond): void {
    const { service, counters } = this.#options;
    const { requestId } = request;
    const qualifiedId = this.#qualify(requestId);
    const stream = new ResponseStream({
      write: (event) => {
        if (isTerminal(event)) this.#inFlight.delete(requestId);
        return this.#send({ ...event, requestId });
      },
      counters,
    });
    this.#inFlight.set(requestId, {
      cancel: () => service.cancel(qualifiedId, 'cancelled'),
      abandon: (reason) => {
        service.cancel(qualifiedId, reason); // first: a producer that is let go must find itself cancelled
        stream.abandon();
      },
      resume: () => stream.resume(),
    });
    if (
      !this.#tryService(requestId, null, () =>
        service.respond({ ...request, requestId: qualifiedId }, stream),
      )
    ) {
      this.#inFlight.delete(requestId);
    }
  }

  #watch({ requestId, content, history }: Watch): void {
    const stream = new WatchStream({
      write: (sequence, event) => this.#send({ type: 'watch.event', requestId, sequence, event }),
      counters: this.#options.counters,
      snapshot: () => watching.snapshot(),
    });
    const watching = this.#options.service.watch((event) => stream.send(event), { content, history });
    this.#inFlight.set(requestId, {
      cancel: () => {
        watching.stop();
        this.#inFlight.delete(requestId);
        this.#send({ type: 'reply', requestId, result: null });
      },
      abandon: () => watching.stop(),
      resume: () => stream.resume(),
    });
  }

  #request(request: ServiceRequest): void {
    const { requestId } = request;
    const { service, logger, id } = this.#options;
    if (request.type === 'shutdown')
      logger.info({ connection: id, mode: request.mode }, 'a client asked to stop');
    this.#tryService(requestId, null, () => {
      const answer = answerRequest(service, request);
      if (answer.type === 'later') {
        this.#later(requestId, answer.result);
      } else {
        this.#send({ type: 'reply', requestId, result: answer.result });
        answer.afterwards();
      }
    });
  }

  #later(requestId: string, result: Promise<unknown>): void {
    this.#inFlight.set(requestId, { cancel: nothing, abandon: nothing, resume: nothing });
    result
      .then(
        (value) => this.#send({ type: 'reply', requestId, result: value }),
        (error: unknown) => this.#refuse(requestId, toWireError(error)),
      )
      .finally(() => this.#inFlight.delete(requestId))
      .catch((error: unknown) => this.#fail(error));
  }

  #tryService(requestId: string, callId: string | null, call: () => void): boolean {
    try {
      call();
      return true;
    } catch (error) {
      if (!(error instanceof CodexpcError))
        this.#options.logger.error({ err: error }, 'a request failed unexpectedly');
      this.#refuse(requestId, toWireError(error), callId);
      return false;
    }
  }

  #refuse(requestId: string, error: WireError, callId: string | null = null): void {
    this.#send({ type: 'error', requestId, callId, error });
  }

  /** Takes the message always; false when the client does not keep up. */
  #send(message: DaemonMessage): boolean {
    if (this.#ended) return true;
    const { transport, counters } = this.#options;
    const hasRoom = transport.send(daemonCodec.encode(message));
    counters.buffered(transport.bufferedBytes);
    return hasRoom;
  }

  #drain(): void {
    for (const entry of [...this.#inFlight.values()]) entry.resume();
    this.#options.transport.resume();
  }

  /** The client broke the protocol: it is told why, and this connection ends. */
  #fail(error: unknown): void {
    if (this.#state === 'closing') return;
    const wire = toWireError(error);
    this.#options.counters.protocolError();
    // A type that is none may be any text: that goes back to the client alone.
    const said = wire.code === 'unknown_message' ? 'a message is of no known type' : wire.message;
    this.#options.logger.warn({ connection: this.#options.id, code: wire.code }, said);
    this.#send({ type: 'error', requestId: null, callId: null, error: wire });
    this.close('client_gone');
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#state = 'closing';
    this.#abandonAll('client_gone');
    this.#untrack();
    this.#options.counters.connectionClosed();
    this.#options.onClosed();
    this.#resolveClosed();
  }

  #abandonAll(reason: CancelReason): void {
    this.#cancelHandshakeLimit();
    const entries = [...this.#inFlight.values()];
    this.#inFlight.clear();
    for (const entry of entries) entry.abandon(reason);
  }

  #foreign(requestId: string): Pick<InFlight, 'cancel'> {
    return { cancel: () => this.#options.service.cancel(requestId, 'cancelled') };
  }

  #qualify(requestId: string): string {
    return `${this.#options.id}/${requestId}`;
  }
}

const nothing = (): void => {};
