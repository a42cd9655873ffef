// A conversation in the order the model was trained on: system → developer → user. Every step gives a new value, so
// that one beginning can have several continuations.

import type { ConversationItem, RespondOptions } from '../ipc/protocol.js';
import type { ResponseResult } from './response.js';
import type { ClientTool } from './tools.js';

export class Conversation {
  readonly #system: string | null;
  readonly #instructions: string | null;
  readonly #tools: readonly ClientTool[];
  readonly #items: readonly ConversationItem[];

  private constructor(parts: Parts) {
    this.#system = parts.system;
    this.#instructions = parts.instructions;
    this.#tools = parts.tools;
    this.#items = parts.items;
  }

  static get empty(): Conversation {
    return new Conversation({ system: null, instructions: null, tools: [], items: [] });
  }

  /** Replaces the daemon's own first line about what the model is. Rarely needed. */
  system(text: string): Conversation {
    return this.#with({ system: text });
  }

  /** What the developer message says. It is written only when there are instructions or tools. */
  instructions(text: string): Conversation {
    return this.#with({ instructions: text.trim() === '' ? null : text });
  }

  tool(tool: ClientTool): Conversation {
    return this.#with({ tools: [...this.#tools, tool] });
  }

  user(text: string): Conversation {
    return this.#append({ kind: 'message', role: 'user', text, channel: null });
  }

  assistant(text: string): Conversation {
    return this.#append({ kind: 'message', role: 'assistant', text, channel: 'final' });
  }

  toolOutput(callId: string, output: string): Conversation {
    return this.#append({ kind: 'tool_output', callId, output });
  }

  /** Adds an answer with all its channels and calls; what the model may see of it again is decided when it is rendered. */
  answer({ items }: Pick<ResponseResult, 'items'>): Conversation {
    return this.#append(...items.map(toConversationItem));
  }

  /** What `respond` takes, with its other options added: `{ ...conversation.request(), maxTokens: 100 }`. */
  request(): Pick<RespondOptions, 'items' | 'instructions'> & { readonly tools: readonly ClientTool[] } {
    const system: readonly ConversationItem[] =
      this.#system === null ? [] : [{ kind: 'message', role: 'system', text: this.#system, channel: null }];
    return { items: [...system, ...this.#items], instructions: this.#instructions, tools: this.#tools };
  }

  #append(...items: readonly ConversationItem[]): Conversation {
    return this.#with({ items: [...this.#items, ...items] });
  }

  #with(change: Partial<Parts>): Conversation {
    return new Conversation({
      system: this.#system,
      instructions: this.#instructions,
      tools: this.#tools,
      items: this.#items,
      ...change,
    });
  }
}

interface Parts {
  readonly system: string | null;
  readonly instructions: string | null;
  readonly tools: readonly ClientTool[];
  readonly items: readonly ConversationItem[];
}

const toConversationItem = (item: ResponseResult['items'][number]): ConversationItem => {
  switch (item.kind) {
    case 'message':
      return { kind: 'message', role: 'assistant', text: item.text, channel: item.channel };
    case 'tool_call':
      return {
        kind: 'tool_call',
        callId: item.callId,
        name: item.name,
        arguments: item.arguments,
        freeform: item.freeform,
      };
    case 'tool_output':
      return { kind: 'tool_output', callId: item.callId, output: item.output };
  }
};
