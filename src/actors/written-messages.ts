// What the model wrote, token by token, found again by what it says. A client sends messages back as text, and text
// can be encoded and headed in more than one way: rendered anew, a prompt would leave its slot's tokens at the first
// call. The model sees its own words instead.

import { createHash } from 'node:crypto';
import type { Message } from '../harmony/conversation.js';
import { createTokenStore } from '../harmony/token-store.js';
import type { HarmonyTokens } from '../harmony/vocabulary.js';

export interface WrittenMessages {
  /** From <|start|> to the end marker; null: not the model's, or long forgotten. */
  find(message: Message): Uint32Array | null;
  /** `tokens`: a whole turn, the header that the prompt opened included. Without repairs only: the two must agree. */
  learn(tokens: readonly number[], messages: readonly Message[]): void;
}

/**
 * Keeps messages of up to `maxTokens`, the least recently used go first. They are of use as long as keys and values are kept
 * to match them, and the model's own are a small part of a conversation: as many as all slots hold are enough.
 */
export const createWrittenMessages = (markers: HarmonyTokens, maxTokens: number): WrittenMessages => {
  const written = createTokenStore(maxTokens);

  const segmentsOf = (tokens: readonly number[]): number[][] => {
    const segments: number[][] = [];
    for (const token of tokens) {
      if (token === markers.start) segments.push([]);
      segments.at(-1)?.push(token === markers.return ? markers.end : token); // as a later prompt has it
    }
    return segments;
  };

  return {
    find: (message) => written.get(keyOf(message)) ?? null,
    learn: (tokens, messages) => {
      const segments = segmentsOf(tokens);
      if (segments.length !== messages.length) return;
      messages.forEach((message, index) => {
        const key = keyOf(message);
        const segment = segments[index]!;
        const isWhole = [markers.end, markers.call].includes(segment.at(-1) ?? -1);
        // The first stays: a conversation that holds it must not change when the same is said again.
        if (isWhole && !written.has(key)) written.set(key, Uint32Array.from(segment));
      });
    },
  };
};

/** A digest: texts would take more memory than their tokens. Clients do not send back on which channel a call was made. */
const keyOf = ({ recipient, channel, content }: Message): string =>
  createHash('sha256')
    .update(JSON.stringify([recipient ?? null, recipient === undefined ? (channel ?? null) : null]))
    .update(content.map((part) => (part.type === 'text' ? part.text : '')).join(''))
    .digest('base64');
