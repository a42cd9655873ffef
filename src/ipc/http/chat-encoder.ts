// The events of one response → the chunks of a chat completion, and the completion as a whole. The model's analysis is
// `reasoning`, as vLLM, Ollama and OpenRouter call it and gpt-oss's compatibility test asks for it, and the same text
// `reasoning_content`, as DeepSeek, SGLang and llama.cpp do: clients read one of the two.

import { isTerminal, type ResponseEvent, type Usage, type WireError } from '../protocol.js';
import { STOPPING } from './responses-encoder.js';
import { createStopCut } from './stop-sequences.js';
import { argumentsText, type ToolTable } from './tool-table.js';

export type ChatFinishReason = 'stop' | 'length' | 'tool_calls';

export type ChatToolCallObject =
  | {
      readonly id: string;
      readonly type: 'function';
      readonly function: { readonly name: string; readonly arguments: string };
    }
  | {
      readonly id: string;
      readonly type: 'custom';
      readonly custom: { readonly name: string; readonly input: string };
    };

export interface ChatDelta {
  readonly role?: 'assistant';
  readonly content?: string;
  readonly reasoning?: string;
  readonly reasoning_content?: string;
  readonly tool_calls?: ReadonlyArray<ChatToolCallObject & { readonly index: number }>;
}

export interface ChatUsage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
  readonly completion_tokens_details: { readonly reasoning_tokens: number };
}

export interface ChatChunk {
  readonly id: string;
  readonly object: 'chat.completion.chunk';
  readonly created: number; // seconds since 1970
  readonly model: string;
  readonly choices: ReadonlyArray<{
    readonly index: 0;
    readonly delta: ChatDelta;
    readonly finish_reason: ChatFinishReason | null;
    readonly logprobs: null;
  }>;
  readonly usage?: ChatUsage | null;
}

export interface ChatEncoderOptions {
  readonly id: string;
  readonly createdS: number;
  readonly tools: ToolTable;
  readonly includeUsage: boolean;
  /** The answer ends before any of these; calls and reasoning do not. */
  readonly stop: readonly string[];
  /** The daemon ends: what it cancels may be asked for again. */
  readonly isStopping: () => boolean;
}

export interface ChatEncoder {
  encode(event: ResponseEvent): readonly ChatChunk[];
  /** Says nothing: a chunk that changes nothing. */
  heartbeat(): ChatChunk;
  /** The answer has come to a stop sequence: nothing more is told of it, and it need not go on. */
  hasStopped(): boolean;
  /** Why it failed; null while it has not. */
  error(): WireError | null;
  completion(): ReturnType<typeof completionObject>;
}

export const createChatEncoder = (options: ChatEncoderOptions): ChatEncoder => {
  const { id, createdS, tools, includeUsage, isStopping } = options;
  const calls: ChatToolCallObject[] = [];
  const cut = createStopCut(options.stop);
  let model = '';
  let content = '';
  let reasoning = '';
  let finishReason: ChatFinishReason = 'stop';
  let usage: Usage | null = null;
  let error: WireError | null = null;
  /** What has been sent of the item that is under way. */
  let sent = '';

  const chunk = (delta: ChatDelta, reason: ChatFinishReason | null = null): ChatChunk => ({
    id,
    object: 'chat.completion.chunk',
    created: createdS,
    model,
    choices: [{ index: 0, delta, finish_reason: reason, logprobs: null }],
    ...(includeUsage ? { usage: null } : {}),
  });

  /** What of an item has not been sent in deltas. */
  const restOf = (text: string): string => {
    const rest = text.slice(sent.length);
    sent = '';
    return rest;
  };

  const contentDelta = (text: string): readonly ChatChunk[] => {
    content += text;
    return text === '' ? [] : [chunk({ content: text })];
  };

  const reasoningDelta = (text: string): readonly ChatChunk[] => {
    reasoning += text;
    return text === '' ? [] : [chunk({ reasoning: text, reasoning_content: text })];
  };

  const deliver = (
    item: Extract<ResponseEvent, { type: 'output_item.done' }>['item'],
  ): readonly ChatChunk[] => {
    switch (item.kind) {
      case 'message':
        return item.channel === 'analysis'
          ? reasoningDelta(restOf(item.text))
          : contentDelta(cut.push(restOf(item.text)) + cut.end());
      case 'tool_call': {
        if (item.owner === 'daemon') return []; // answered already, and nothing that this API has a word for
        const { callId: id, name: flatName, arguments: text } = item;
        const { name, isFreeform } = tools.called(flatName);
        const call: ChatToolCallObject = isFreeform
          ? { id, type: 'custom', custom: { name, input: text } }
          : { id, type: 'function', function: { name, arguments: argumentsText(text) } };
        calls.push(call);
        return [chunk({ tool_calls: [{ index: calls.length - 1, ...call }] })];
      }
      case 'tool_output':
        return [];
    }
  };

  const finish = (event: Extract<ResponseEvent, { type: 'completed' }>): readonly ChatChunk[] => {
    usage = event.usage;
    if (event.finishReason === 'cancelled' && !cut.hasCut && isStopping()) {
      error = STOPPING;
      return [];
    }
    const hasEnded = event.finishReason === 'stop' || cut.hasCut;
    finishReason = calls.length > 0 ? 'tool_calls' : hasEnded ? 'stop' : 'length';
    const rest = contentDelta(cut.end()); // it was cut off in what may have become a stop sequence
    const last = chunk({}, finishReason);
    return [
      ...rest,
      last,
      ...(includeUsage ? [{ ...chunk({}), choices: [], usage: usageObject(usage) }] : []),
    ];
  };

  return {
    encode: (event) => {
      if (cut.hasCut && !isTerminal(event)) return [];
      switch (event.type) {
        case 'created':
          model = event.model;
          return [chunk({ role: 'assistant', content: '' })];
        case 'output_text.delta':
          sent += event.text;
          return contentDelta(cut.push(event.text));
        case 'reasoning.delta':
          sent += event.text;
          return reasoningDelta(event.text);
        case 'output_item.done':
          return deliver(event.item);
        case 'completed':
          return finish(event);
        case 'failed':
          error = event.error;
          return [];
        case 'tool_call.arguments.delta': // a call is told when it is whole
        case 'progress':
        case 'tokens.delta':
          return [];
      }
    },
    heartbeat: () => chunk({}),
    hasStopped: () => cut.hasCut,
    error: () => error,
    completion: () =>
      completionObject({ id, createdS, model, content, reasoning, calls, finishReason, usage }),
  };
};

interface Completion {
  readonly id: string;
  readonly createdS: number;
  readonly model: string;
  readonly content: string;
  readonly reasoning: string;
  readonly calls: readonly ChatToolCallObject[];
  readonly finishReason: ChatFinishReason;
  readonly usage: Usage | null;
}

const completionObject = ({
  id,
  createdS,
  model,
  content,
  reasoning,
  calls,
  finishReason,
  usage,
}: Completion) => ({
  id,
  object: 'chat.completion' as const,
  created: createdS,
  model,
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant' as const,
        content: content === '' && calls.length > 0 ? null : content,
        refusal: null,
        ...(reasoning === '' ? {} : { reasoning, reasoning_content: reasoning }),
        ...(calls.length === 0 ? {} : { tool_calls: calls }),
      },
      finish_reason: finishReason,
      logprobs: null,
    },
  ],
  ...(usage === null ? {} : { usage: usageObject(usage) }),
});

const usageObject = (usage: Usage): ChatUsage => ({
  prompt_tokens: usage.inputTokens,
  completion_tokens: usage.outputTokens,
  total_tokens: usage.inputTokens + usage.outputTokens,
  prompt_tokens_details: { cached_tokens: usage.cachedInputTokens },
  completion_tokens_details: { reasoning_tokens: usage.reasoningTokens },
});
