// One answer as it comes: iterate over its events, or wait for its text or result. Either way nothing piles up.

import {
  type Completed,
  type Failed,
  type FinishReason,
  fromWireError,
  isTerminal,
  type OutputItem,
  type ResponseEvent,
  type Timings,
  type Usage,
} from '../ipc/protocol.js';
import { connectionLost } from '../errors.js';
import type { EventQueue } from './event-queue.js';
import type { ToolCall } from './tools.js';

export interface ResponseResult {
  readonly model: string;
  /** The final channel's text. */
  readonly text: string;
  /** Everything the model wrote, in order: append it to a conversation to go on. */
  readonly items: readonly OutputItem[];
  readonly toolCalls: readonly ToolCall[];
  /** `cancelled` and `deadline` are outcomes too; what had been written until then is here. */
  readonly finishReason: FinishReason;
  readonly usage: Usage;
  readonly timings: Timings;
  readonly repairs: Readonly<Record<string, number>>;
}

export interface ResponseOptions {
  readonly queue: EventQueue<ResponseEvent>;
  readonly cancel: () => void;
  readonly sendToolOutput: (callId: string, output: string) => void;
}

export class Response implements AsyncIterable<ResponseEvent> {
  readonly #options: ResponseOptions;
  readonly #text: string[] = [];
  readonly #items: OutputItem[] = [];
  #model = '';
  #end: Completed | Failed | null = null;

  constructor(options: ResponseOptions) {
    this.#options = options;
  }

  /**
   * Events up to the last one. A failed response yields `failed`, then throws its error. Leaving the loop early cancels
   * the response.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<ResponseEvent, void, void> {
    const { queue } = this.#options;
    let left = true;
    try {
      for (let event = await this.#next(); event !== null; event = await this.#next()) {
        left = !isTerminal(event);
        yield event;
      }
      left = false;
      if (this.#end?.type === 'failed') throw fromWireError(this.#end.error);
    } finally {
      if (left) {
        this.cancel();
        queue.discard(isTerminal);
      }
    }
  }

  /** Reads what is left. Throws the response's CodexpcError when it failed. */
  async result(): Promise<ResponseResult> {
    const events = this[Symbol.asyncIterator]();
    while ((await events.next()).done !== true);
    if (this.#end?.type !== 'completed') throw connectionLost('the answer');
    const { finishReason, usage, timings, repairs } = this.#end;
    const toolCalls = this.#items.filter((item) => item.kind === 'tool_call');
    return {
      model: this.#model,
      text: this.#text.join(''),
      items: this.#items,
      toolCalls,
      finishReason,
      usage,
      timings,
      repairs,
    };
  }

  async text(): Promise<string> {
    return (await this.result()).text;
  }

  /** Ends it within one token. Its last event is still delivered. Twice, or too late, is harmless. */
  cancel(): void {
    this.#options.cancel();
  }

  /** Answers a call by hand, in a response with `toolCalls: 'await'` and tools without handlers. */
  sendToolOutput(callId: string, output: string): void {
    this.#options.sendToolOutput(callId, output);
  }

  async #next(): Promise<ResponseEvent | null> {
    const event = await this.#options.queue.next();
    if (event === null) return null;
    if (event.type === 'created') this.#model = event.model;
    else if (event.type === 'output_text.delta' && event.channel === 'final') this.#text.push(event.text);
    else if (event.type === 'output_item.done') this.#items.push(event.item);
    else if (isTerminal(event)) this.#end = event;
    return event;
  }
}
