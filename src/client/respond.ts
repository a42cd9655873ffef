// Starts a response: events into its queue, tool calls to their handlers, an abort to the daemon.

import { CodexpcError } from '../errors.js';
import { createRespond, isTerminal, type RespondOptions, type ResponseEvent } from '../ipc/protocol.js';
import type { ClientConnection } from './connection.js';
import { EventQueue } from './event-queue.js';
import { Response } from './response.js';
import { type ClientTool, runTool, toWireTool } from './tools.js';

export type ClientRespondOptions = Omit<RespondOptions, 'tools'> & { readonly tools?: readonly ClientTool[] };

export interface StartOptions {
  readonly options: ClientRespondOptions;
  readonly signal: AbortSignal | undefined;
  /** A connection for this response alone, until it is released. */
  readonly lease: () => Promise<ClientConnection>;
  readonly release: (connection: ClientConnection) => void;
}

/** Returns at once; whatever goes wrong is thrown to the one who iterates. */
export const startResponse = ({ options, signal, lease, release }: StartOptions): Response => {
  const running = new RunningResponse(options, release);
  const abort = (): void => running.abort(signal?.reason);
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort, { once: true, signal: running.ended });
  lease().then(
    (connection) => running.start(connection),
    (error: unknown) => running.end(error),
  );
  return running.response;
};

class RunningResponse {
  readonly response: Response;
  readonly #options: ClientRespondOptions;
  readonly #release: (connection: ClientConnection) => void;
  readonly #ended = new AbortController();
  readonly #queue: EventQueue<ResponseEvent>;
  #connection: ClientConnection | null = null;
  #requestId = '';

  constructor(options: ClientRespondOptions, release: (connection: ClientConnection) => void) {
    this.#options = options;
    this.#release = release;
    this.#queue = new EventQueue({
      onFull: () => this.#connection?.pause(),
      onRoom: () => this.#connection?.resume(),
    });
    this.response = new Response({
      queue: this.#queue,
      cancel: () => this.abort(new DOMException('The response was cancelled before it began.', 'AbortError')),
      sendToolOutput: (callId, output) => this.#answer(callId, output),
    });
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  start(connection: ClientConnection): void {
    if (this.ended.aborted) {
      this.#release(connection);
      return;
    }
    this.#connection = connection;
    this.#requestId = connection.newRequestId();
    try {
      connection.subscribe(toRespond(this.#requestId, this.#options), {
        event: (event) => event.type !== 'watch.event' && this.#receive(event),
        error: (error, callId) => {
          if (callId !== null) this.#cancel(); // the daemon knows of no such call: the conversation is out of step
          this.end(error);
        },
      });
    } catch (error) {
      this.end(error);
    }
  }

  /** A response that has begun ends with `completed` and `cancelled`; one that has not throws the reason. */
  abort(reason: unknown): void {
    if (this.#connection === null) this.end(reason);
    else this.#cancel();
  }

  /** Null: its last event has come. */
  end(error: unknown): void {
    if (this.ended.aborted) return;
    this.#ended.abort();
    this.#queue.end(error === null ? null : { error });
    const connection = this.#connection;
    if (connection === null) return;
    connection.forget(this.#requestId);
    connection.resume();
    this.#release(connection);
  }

  #receive(event: ResponseEvent): void {
    this.#queue.push(event);
    if (event.type === 'output_item.done' && event.item.kind === 'tool_call') {
      const { tools = [] } = this.#options;
      const call = event.item;
      if (call.owner === 'client' && hasHandlers(tools))
        void runTool(tools, call, this.ended).then((output) => this.#answer(call.callId, output));
    }
    if (isTerminal(event)) this.end(null);
  }

  #cancel(): void {
    if (this.#isRunning()) this.#connection?.send({ type: 'cancel', requestId: this.#requestId });
  }

  #answer(callId: string, output: string): void {
    if (this.#isRunning())
      this.#connection?.send({ type: 'tool_output', requestId: this.#requestId, callId, output });
  }

  #isRunning(): boolean {
    return !this.ended.aborted && this.#connection?.isOpen === true;
  }
}

const hasHandlers = (tools: readonly ClientTool[]): boolean =>
  tools.some(({ handler }) => handler !== undefined);

const toRespond = (requestId: string, { tools = [], ...options }: ClientRespondOptions) => {
  const without = tools.filter(({ handler }) => handler === undefined);
  if (hasHandlers(tools) && without.length > 0) throw mixedTools(without.map(({ name }) => name));
  return createRespond(requestId, {
    ...(hasHandlers(tools) ? { toolCalls: 'await' } : {}),
    ...options,
    tools: tools.map(toWireTool),
  });
};

const mixedTools = (without: readonly string[]): CodexpcError =>
  new CodexpcError({
    code: 'invalid_request',
    message: `Some tools have a handler and others have none (${without.join(', ')}). Give every tool a handler, or none and answer the calls yourself.`,
    details: { without },
  });
