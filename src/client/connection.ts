// The client's side of one connection: greeting, requests by id, and where each message goes.

import { connectionLost, messageOf, unexpectedMessage } from '../errors.js';
import { clientCodec, daemonCodec } from '../ipc/codec.js';
import {
  type ClientMessage,
  type DaemonHello,
  type DaemonMessage,
  fromWireError,
  PROTOCOL_VERSION,
  REPLIES,
  type ReplyResult,
  type Request,
  type RequestType,
  type ResponseEvent,
  type WatchEventMessage,
} from '../ipc/protocol.js';
import type { Transport } from '../ipc/transport.js';

/** What waits for messages with its request id. */
interface Receiver {
  event(event: ResponseEvent | WatchEventMessage): void;
  reply(result: unknown): void;
  error(error: Error, callId: string | null): void;
}

interface WithRequestId {
  readonly requestId: string;
}
export type RequestFields<Type extends RequestType> = Omit<Request<Type>, 'type' | 'requestId'>;
export type EventReceiver = Pick<Receiver, 'event' | 'error'> & Partial<Pick<Receiver, 'reply'>>;

export class ClientConnection {
  readonly #transport: Transport;
  readonly #receivers = new Map<string, Receiver>();
  #nextId = 1;
  #end: Error | null = null;
  #greeted: { resolve(hello: DaemonHello): void; reject(error: Error): void } | null = null;

  private constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Resolves after the daemon's hello. Errors: version_mismatch, io_error, malformed_frame. */
  static async open(transport: Transport, client: string): Promise<ClientConnection> {
    const connection = new ClientConnection(transport);
    await new Promise<DaemonHello>((resolve, reject) => {
      connection.#greeted = { resolve, reject };
      transport.open({
        message: (bytes) => connection.#receive(bytes),
        drain: () => {},
        fault: (error) => connection.#fail(error),
        close: () => connection.#fail(connectionLost('the answer')),
      });
      connection.send({ type: 'hello', protocolVersion: PROTOCOL_VERSION, client });
    });
    return connection;
  }

  get isOpen(): boolean {
    return this.#end === null;
  }

  get numInFlight(): number {
    return this.#receivers.size;
  }

  newRequestId(): string {
    return String(this.#nextId++);
  }

  send(message: ClientMessage): void {
    if (this.#end !== null) throw this.#end;
    this.#transport.send(clientCodec.encode(message));
  }

  /** Sends a request and parses its one reply. */
  request<Type extends RequestType>(type: Type, fields: RequestFields<Type>): Promise<ReplyResult<Type>> {
    return new Promise((resolve, reject) => {
      const message = { ...fields, type, requestId: this.newRequestId() } as unknown as Request<Type> &
        WithRequestId;
      this.subscribe(message, {
        event: () => reject(unexpectedMessage(`an event for a ${type} request`)),
        reply: (result) => {
          const parsed = REPLIES[type].safeParse(result);
          if (parsed.success) resolve(parsed.data as ReplyResult<Type>);
          else
            reject(
              unexpectedMessage(
                `a ${type} reply with another ${parsed.error.issues[0]?.path.join('.') ?? 'shape'}`,
              ),
            );
        },
        error: reject,
      });
    });
  }

  /** Sends a request whose events go to `receiver` until `forget`, a reply, or an error that ends it. */
  subscribe(message: ClientMessage & WithRequestId, receiver: EventReceiver): void {
    const { requestId } = message;
    this.#receivers.set(requestId, { reply: () => {}, ...receiver });
    try {
      this.send(message);
    } catch (error) {
      this.#receivers.delete(requestId);
      throw error;
    }
  }

  forget(requestId: string): void {
    this.#receivers.delete(requestId);
  }

  /** Stops reading, so that the daemon pauses this connection's streams. */
  pause(): void {
    this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }

  close(): void {
    this.#fail(connectionLost('the answer'));
  }

  #receive(bytes: Uint8Array): void {
    let message: DaemonMessage;
    try {
      message = daemonCodec.decode(bytes);
    } catch (error) {
      this.#fail(unexpectedMessage(messageOf(error)));
      return;
    }
    this.#dispatch(message);
  }

  #dispatch(message: DaemonMessage): void {
    switch (message.type) {
      case 'hello':
        this.#greeted?.resolve(message);
        this.#greeted = null;
        return;
      case 'error':
        if (message.requestId === null) this.#fail(fromWireError(message.error));
        else this.#receiveError(message.requestId, fromWireError(message.error), message.callId);
        return;
      case 'reply': {
        const receiver = this.#receivers.get(message.requestId);
        this.#receivers.delete(message.requestId);
        receiver?.reply(message.result);
        return;
      }
      default:
        // One that has been forgotten: its last events were under way when its cancel was sent.
        this.#receivers.get(message.requestId)?.event(message);
    }
  }

  #receiveError(requestId: string, error: Error, callId: string | null): void {
    const receiver = this.#receivers.get(requestId);
    if (callId === null) this.#receivers.delete(requestId);
    receiver?.error(error, callId);
  }

  // The first cause wins: what comes after the daemon's own words is only their consequence.
  #fail(error: Error): void {
    if (this.#end !== null) return;
    this.#end = error;
    this.#greeted?.reject(error);
    this.#greeted = null;
    const receivers = [...this.#receivers.values()];
    this.#receivers.clear();
    for (const receiver of receivers) receiver.error(error, null);
    this.#transport.close();
  }
}
