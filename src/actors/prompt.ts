// The tokens of one request's conversation, over all its rounds. What the model wrote goes back into the prompt token
// by token as it was, so that the next round goes on from the slot that holds it.

import {
  type CallPlace,
  type ConversationOptions,
  conversationOf,
  toolOutputMessage,
} from './conversation-items.js';
import type { ModelRuntime } from './model-runtime.js';

export interface AnsweredCall extends CallPlace {
  readonly output: string;
}

export interface Prompt {
  tokens(): Uint32Array;
  appendGenerated(token: number): void;
  /** The answers to the calls that ended the round, and after them the opened header of the next message. */
  appendToolOutputs(calls: readonly AnsweredCall[]): void;
}

export const createPrompt = (options: ConversationOptions, model: ModelRuntime): Prompt => {
  const { renderer, tokenizer, stopTokens } = model;
  const conversation = conversationOf(options);
  let tokens = Uint32Array.from(
    renderer.renderCompletionPrompt(conversation, { autoDropAnalysis: true }).tokens,
  );
  let generated: number[] = [];

  return {
    tokens: () => tokens,
    appendGenerated: (token) => void generated.push(token),
    appendToolOutputs: (calls) => {
      const message = stopTokens.includes(generated.at(-1) ?? -1) ? generated.slice(0, -1) : generated;
      const answers = renderer.renderCompletionPrompt({
        messages: calls.map((call) => toolOutputMessage(call, call.output)),
      });
      // A call ends in <|call|>, also where the model forgot it.
      tokens = Uint32Array.from([...tokens, ...message, tokenizer.harmony.call, ...answers.tokens]);
      generated = [];
    },
  };
};
