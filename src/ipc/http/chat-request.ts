// POST /v1/chat/completions → what the daemon is asked.

import type { ConversationItem, RespondOptions } from '../protocol.js';
import { unsupported } from './api-error.js';
import type { ChatBody, ChatMessage, ChatToolCall } from './chat-body.js';
import { contentText } from './content-text.js';
import { effortOf, outputSchemaOf, samplingOf } from './generation-options.js';
import { chooseTools, createToolTable, type ToolTable } from './tool-table.js';

export interface ChatRequest {
  readonly options: RespondOptions;
  readonly tools: ToolTable;
  readonly stream: boolean;
  /** A stream ends with a chunk that has the usage. */
  readonly includeUsage: boolean;
  /** The answer ends before any of these. */
  readonly stop: readonly string[];
  readonly ignored: readonly string[];
}

/** Errors: invalid_request, unsupported_option. */
export const readChatRequest = (body: ChatBody, checkpoint: string | null): ChatRequest => {
  refuseUnsupported(body);
  const tools = createToolTable(body.tools ?? []);
  const format = body.response_format;
  return {
    options: {
      ...chooseTools(tools, body.tool_choice ?? undefined),
      checkpoint,
      items: body.messages.flatMap(itemsOf),
      outputSchema: outputSchemaOf(
        format === null || format === undefined
          ? null
          : { type: format.type, schema: format.json_schema?.schema },
        'response_format',
      ),
      reasoningEffort: effortOf(body.reasoning_effort),
      maxTokens: body.max_completion_tokens ?? body.max_tokens ?? null,
      sampling: {
        ...samplingOf(body),
        presencePenalty: body.presence_penalty ?? 0,
        frequencyPenalty: body.frequency_penalty ?? 0,
        seed: body.seed ?? null,
      },
      include: ['reasoning'],
      toolCalls: 'return',
    },
    tools,
    stream: body.stream ?? false,
    stop: [body.stop ?? []].flat().filter((sequence) => sequence !== ''),
    includeUsage: body.stream_options?.include_usage ?? false,
    ignored: tools.ignored.map((name) => `tool ${name}`),
  };
};

const itemsOf = (message: ChatMessage): readonly ConversationItem[] => {
  const text = contentText(message.content ?? null);
  switch (message.role) {
    case 'system':
    case 'developer':
    case 'user':
      return [{ kind: 'message', role: message.role, text, channel: null }];
    case 'tool':
      return [{ kind: 'tool_output', callId: message.tool_call_id, output: text }];
    case 'assistant': {
      const analysis = message.reasoning_content ?? message.reasoning ?? '';
      const calls = (message.tool_calls ?? []).map(callOf);
      // Text beside calls was said on the way to them.
      const channel = calls.length > 0 ? 'commentary' : 'final';
      return [
        ...(analysis === '' ? [] : [assistant('analysis', analysis)]),
        ...(text === '' ? [] : [assistant(channel, text)]),
        ...calls,
      ];
    }
  }
};

const assistant = (channel: 'analysis' | 'commentary' | 'final', text: string): ConversationItem => ({
  kind: 'message',
  role: 'assistant',
  channel,
  text,
});

const callOf = (call: ChatToolCall): ConversationItem =>
  'function' in call
    ? {
        kind: 'tool_call',
        callId: call.id,
        name: call.function.name,
        arguments: call.function.arguments,
        freeform: false,
      }
    : {
        kind: 'tool_call',
        callId: call.id,
        name: call.custom.name,
        arguments: call.custom.input,
        freeform: true,
      };

const refuseUnsupported = ({ n, logprobs }: ChatBody): void => {
  if ((n ?? 1) !== 1)
    throw unsupported('n', 'One answer a request is given. Send the request several times.');
  if (logprobs === true) {
    throw unsupported(
      'logprobs',
      "Log-probabilities are not served over HTTP. Use the daemon's socket (include: logprobs).",
    );
  }
};
