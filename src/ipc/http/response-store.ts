// Responses that clients may go on from by id. In memory, bounded by number and size: the ones longest unused go first.

import type { ConversationItem } from '../protocol.js';
import type { ResponseObject } from './responses-objects.js';

export interface StoredResponse {
  readonly response: ResponseObject;
  /** All that came before, and what the response added. */
  readonly conversation: readonly ConversationItem[];
  /** The date that its conversation was told. */
  readonly date: string;
}

export interface ResponseStore {
  put(stored: StoredResponse): void;
  get(id: string): StoredResponse | undefined;
  /** False when there was none. */
  remove(id: string): boolean;
}

export interface ResponseStoreLimits {
  readonly maxResponses: number;
  /** Texts that several responses share are counted for each. */
  readonly maxCharacters: number;
}

export const DEFAULT_STORE_LIMITS: ResponseStoreLimits = { maxResponses: 512, maxCharacters: 64 * 2 ** 20 };

export const createResponseStore = (limits: ResponseStoreLimits = DEFAULT_STORE_LIMITS): ResponseStore => {
  const responses = new Map<string, { readonly stored: StoredResponse; readonly size: number }>();
  let size = 0;

  const remove = (id: string): boolean => {
    const found = responses.get(id);
    if (found === undefined) return false;
    size -= found.size;
    return responses.delete(id);
  };

  const add = (stored: StoredResponse): void => {
    const entry = { stored, size: sizeOf(stored) };
    responses.set(stored.response.id, entry);
    size += entry.size;
  };

  return {
    put: (stored) => {
      remove(stored.response.id);
      add(stored);
      while (responses.size > limits.maxResponses || size > limits.maxCharacters)
        remove(responses.keys().next().value!);
    },
    get: (id) => {
      const found = responses.get(id)?.stored;
      if (found !== undefined && remove(id)) add(found); // to the end: it is in use
      return found;
    },
    remove,
  };
};

const sizeOf = ({ response, conversation }: StoredResponse): number =>
  JSON.stringify(response).length + conversation.reduce((sum, item) => sum + textOf(item).length, 0);

const textOf = (item: ConversationItem): string => {
  switch (item.kind) {
    case 'message':
      return item.text;
    case 'tool_call':
      return item.arguments;
    case 'tool_output':
      return item.output;
  }
};
