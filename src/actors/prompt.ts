// The tokens of one request's conversation, over all its rounds. What the model wrote goes back into the prompt token
// by token as it was, so that the next round goes on from the slot that holds it.

import type { Content, Message } from '../harmony/conversation.js';
import type { Rendered } from '../harmony/renderer.js';
import {
  type CallPlace,
  type ConversationOptions,
  conversationOf,
  toolOutputMessage,
} from './conversation-items.js';
import { contextOverflow } from './engine-errors.js';
import type { ModelRuntime } from './model-runtime.js';
import type { PromptMarks } from './prompt-marks.js';

export interface AnsweredCall extends CallPlace {
  readonly output: string;
}

export interface Prompt {
  tokens(): Uint32Array;
  marks(): PromptMarks;
  appendGenerated(token: number): void;
  /** The generation has ended well: what it wrote is known again when a client sends it back. */
  learn(messages: readonly Message[]): void;
  /** The answers to the calls that ended the round, and after them the opened header of the next message. */
  appendToolOutputs(calls: readonly AnsweredCall[]): void;
}

export const createPrompt = (options: ConversationOptions, model: ModelRuntime): Prompt => {
  const { renderer, tokenizer, stopTokens, written } = model;
  const messages = conversationOf(options).messages.map((message) => {
    const known = message.role === 'assistant' ? written.find(message) : null;
    return known === null ? message : { ...message, written: known };
  });
  refuseBoundless(messages, model);
  const rendered = renderer.renderCompletionPrompt({ messages }, { autoDropAnalysis: false });
  const header = renderer.renderCompletionPrompt({ messages: [] }).tokens;
  let tokens = Uint32Array.from(rendered.tokens);
  let marks = marksOf(messages, rendered, header.length);
  let generated: number[] = [];

  return {
    tokens: () => tokens,
    marks: () => marks,
    appendGenerated: (token) => void generated.push(token),
    learn: (spoken) => written.learn([...header, ...generated], spoken),
    appendToolOutputs: (calls) => {
      const message = stopTokens.includes(generated.at(-1) ?? -1) ? generated.slice(0, -1) : generated;
      const answers = renderer.renderCompletionPrompt({
        messages: calls.map((call) => toolOutputMessage(call, call.output)),
      });
      // A call ends in <|call|>, also where the model forgot it.
      const before = [...tokens, ...message, tokenizer.harmony.call];
      tokens = Uint32Array.from([...before, ...answers.tokens]);
      const ends = messageEnds(answers, header.length).map((end) => before.length + end);
      marks = { ...marks, messages: [...marks.messages, before.length, ...ends] };
      generated = [];
    },
  };
};

/**
 * Finding the tokens of megabytes takes this thread seconds; what cannot fit whatever they are is refused without. A
 * UTF-16 unit is at least a byte. Errors: context_overflow.
 */
const refuseBoundless = (messages: readonly Message[], { loaded, tokenizer }: ModelRuntime): void => {
  const numUnits = messages
    .filter(({ written }) => written === undefined)
    .flatMap(({ content }) => content)
    .reduce((sum, content) => sum + textOf(content).length, 0);
  const leastTokens = Math.ceil(numUnits / tokenizer.longestTokenBytes);
  if (leastTokens >= loaded.contextLength)
    throw contextOverflow(leastTokens, loaded.contextLength, 'at least');
};

const textOf = (content: Content): string => {
  if (content.type === 'text') return content.text;
  return content.type === 'developer_content' ? (content.instructions ?? '') : (content.modelIdentity ?? '');
};

const marksOf = (messages: readonly Message[], rendered: Rendered, headerLength: number): PromptMarks => {
  const ends = messageEnds(rendered, headerLength);
  const endOf = (index: number): number => ends[index] ?? 0;
  const firstOfModel = messages.findIndex(({ role }) => role === 'assistant');
  return {
    base: endOf(messages[1]?.role === 'developer' ? 1 : 0),
    own: firstOfModel === -1 ? endOf(messages.length - 1) : endOf(firstOfModel - 1),
    turn: endOf(messages.findLastIndex(({ role }) => role === 'user')),
    messages: ends,
  };
};

/** The last message ends where the opened header begins. */
const messageEnds = ({ tokens, messageStarts }: Rendered, headerLength: number): number[] =>
  messageStarts.map((_, index) => messageStarts[index + 1] ?? tokens.length - headerLength);
