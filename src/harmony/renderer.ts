// Conversation → tokens. Each string is encoded on its own, so no token ever spans a boundary and
// no text, whoever wrote it, becomes a marker. Rendering is prefix-stable: messages appended later
// leave earlier tokens as they are, unless old analysis is dropped; then the result says from where.

import { CodexpcError } from '../errors.js';
import type { Content, Conversation, Message, Role, ToolNamespaces } from './conversation.js';
import { developerText, systemText } from './section-texts.js';
import { createTextCache } from './text-cache.js';
import type { Tokenizer } from './tokenizer.js';

export interface RenderOptions {
  /** Leaves out the reasoning that led to earlier answers, as the model expects. Default: true. */
  readonly autoDropAnalysis?: boolean;
}

export interface Rendered {
  readonly tokens: number[];
  /** (messages): index of the message's first token; of a dropped one, where it would stand. */
  readonly messageStarts: readonly number[];
  /** Indices of the messages that were dropped. */
  readonly dropped: readonly number[];
  /**
   * From this token on the result differs from the same conversation with nothing dropped: what a
   * KV cache of the turn before must be cut back to. null: nothing was dropped.
   */
  readonly changedFrom: number | null;
}

export interface Renderer {
  /** The conversation alone. */
  renderConversation(conversation: Conversation, options?: RenderOptions): Rendered;
  /** The conversation and the opened header of the next message: the prompt for a completion. */
  renderCompletionPrompt(
    conversation: Conversation,
    options?: RenderOptions & { readonly nextRole?: Role },
  ): Rendered;
  /** The conversation, ending in <|return|> instead of <|end|> after an assistant's final answer. */
  renderForTraining(conversation: Conversation, options?: RenderOptions): Rendered;
}

export interface RendererOptions {
  readonly tokenizer: Tokenizer;
  /** Ids kept of texts rendered before. Default: 524,288 (about 4 MB with their texts). */
  readonly cachedTokens?: number;
}

const CONSTRAIN = '<|constrain|>';

/** Rendering throws `invalid_request` for a tool message without a name and for content in a message of the wrong role. */
export const createRenderer = ({ tokenizer, cachedTokens = 1 << 19 }: RendererOptions): Renderer => {
  const markers = tokenizer.harmony;
  const cache = createTextCache(tokenizer, cachedTokens);
  // Tool lists are the same object for a whole session; their text is made once.
  const contentTexts = new WeakMap<Content, { readonly hasFunctionTools: boolean; readonly text: string }>();

  const contentText = (content: Content, hasFunctionTools: boolean): string => {
    if (content.type === 'text') return content.text;
    const known = contentTexts.get(content);
    if (known !== undefined && known.hasFunctionTools === hasFunctionTools) return known.text;
    const text =
      content.type === 'system_content' ? systemText(content, hasFunctionTools) : developerText(content);
    contentTexts.set(content, { hasFunctionTools, text });
    return text;
  };

  const renderMessage = (message: Message, hasFunctionTools: boolean, out: number[]): void => {
    const { role, name, recipient, channel, contentType, content, written } = message;
    if (written !== undefined) {
      for (const token of written) out.push(token);
      return;
    }
    out.push(markers.start);
    if (role === 'tool') {
      if (name === undefined) throw invalid('Tools should have a name!');
      cache.encodeInto(name, out);
    } else {
      cache.encodeInto(role, out);
      if (name !== undefined) cache.encodeInto(`:${name}`, out);
    }
    if (recipient !== undefined && recipient !== 'all') cache.encodeInto(` to=${recipient}`, out);
    if (channel !== undefined) {
      out.push(markers.channel);
      cache.encodeInto(channel, out);
    }
    if (contentType !== undefined) {
      if (contentType.startsWith(CONSTRAIN)) {
        cache.encodeInto(' ', out);
        out.push(markers.constrain);
        cache.encodeInto(contentType.slice(CONSTRAIN.length), out);
      } else {
        cache.encodeInto(` ${contentType}`, out);
      }
    }
    out.push(markers.message);
    for (const part of content) {
      if (part.type === 'system_content' && role !== 'system')
        throw misplaced('SystemContent', 'system', role);
      if (part.type === 'developer_content' && role !== 'developer')
        throw misplaced('DeveloperContent', 'developer', role);
      cache.encodeInto(contentText(part, hasFunctionTools), out);
    }
    out.push(role === 'assistant' && recipient !== undefined ? markers.call : markers.end);
  };

  const renderConversation = (
    { messages }: Conversation,
    { autoDropAnalysis = true }: RenderOptions = {},
  ): Rendered => {
    const hasFunctionTools = messages.some(({ content }) => content.some(offersFunctions));
    const keepFrom = autoDropAnalysis ? firstKeptAnalysis(messages) : 0;
    const tokens: number[] = [];
    const messageStarts: number[] = [];
    const dropped: number[] = [];
    messages.forEach((message, i) => {
      messageStarts.push(tokens.length);
      if (i < keepFrom && message.channel === 'analysis') dropped.push(i);
      else renderMessage(message, hasFunctionTools, tokens);
    });
    const changedFrom = dropped.length > 0 ? messageStarts[dropped[0]!]! : null;
    return { tokens, messageStarts, dropped, changedFrom };
  };

  return {
    renderConversation,
    renderCompletionPrompt(conversation, options = {}) {
      const rendered = renderConversation(conversation, options);
      rendered.tokens.push(markers.start);
      cache.encodeInto(options.nextRole ?? 'assistant', rendered.tokens);
      return rendered;
    },
    renderForTraining(conversation, options) {
      const rendered = renderConversation(conversation, options);
      const last = conversation.messages.at(-1);
      if (last?.role === 'assistant' && last.channel === 'final')
        rendered.tokens.splice(-1, 1, markers.return);
      return rendered;
    },
  };
};

/** Ids that end a completion: <|return|> and <|call|>. Never <|end|>, which only ends a message. */
export const stopTokens = (tokenizer: Tokenizer): readonly number[] => [
  tokenizer.harmony.return,
  tokenizer.harmony.call,
];

/** Number of leading tokens that two renderings share: what a KV cache of the first is good for in the second. */
export const stablePrefixLength = (before: ArrayLike<number>, after: ArrayLike<number>): number => {
  const limit = Math.min(before.length, after.length);
  let length = 0;
  while (length < limit && before[length] === after[length]) length++;
  return length;
};

/**
 * Analysis before this message index is dropped: before the first `final`, once the assistant's last
 * message is a `final`. While a tool loop goes on, nothing is: the model needs its reasoning.
 */
const firstKeptAnalysis = (messages: readonly Message[]): number => {
  const lastOfAssistant = messages.findLast(({ role }) => role === 'assistant');
  if (lastOfAssistant?.channel !== 'final') return 0;
  return messages.findIndex(({ channel }) => channel === 'final');
};

const offersFunctions = (content: Content): boolean => {
  const tools: ToolNamespaces | undefined = content.type === 'developer_content' ? content.tools : undefined;
  if (tools === undefined || !Object.hasOwn(tools, 'functions')) return false;
  return tools['functions']!.tools.length > 0;
};

const misplaced = (content: string, belongsTo: string, role: Role): CodexpcError =>
  invalid(
    `${content} may only appear in ${belongsTo} messages, found in ${role[0]!.toUpperCase()}${role.slice(1)}`,
  );

const invalid = (message: string): CodexpcError => new CodexpcError({ code: 'invalid_request', message });
