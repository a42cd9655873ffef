// The objects of the Responses API that the daemon sends: responses, their items and the events of a stream. A test
// holds them against the types of OpenAI's SDK.

import type { JsonObject } from '../messages/define.js';
import type { Usage } from '../protocol.js';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export interface OutputTextPart {
  readonly type: 'output_text';
  readonly text: string;
  readonly annotations: readonly never[];
  readonly logprobs: readonly never[];
}

export interface ReasoningTextPart {
  readonly type: 'reasoning_text';
  readonly text: string;
}

export interface MessageOutput {
  readonly type: 'message';
  readonly id: string;
  readonly role: 'assistant';
  readonly status: ItemStatus;
  /** `commentary`: said on the way to a tool call. */
  readonly phase: 'commentary' | 'final_answer';
  readonly content: readonly OutputTextPart[];
}

export interface ReasoningOutput {
  readonly type: 'reasoning';
  readonly id: string;
  /** Always there: Codex drops a reasoning item without it. */
  readonly summary: readonly never[];
  readonly content: readonly ReasoningTextPart[];
  readonly encrypted_content?: string;
  readonly status: ItemStatus;
}

export interface FunctionCallOutputItem {
  readonly type: 'function_call';
  readonly id: string;
  readonly call_id: string;
  readonly name: string;
  readonly namespace?: string;
  readonly arguments: string;
  readonly status: ItemStatus;
}

export interface CustomCallOutputItem {
  readonly type: 'custom_tool_call';
  readonly id: string;
  readonly call_id: string;
  readonly name: string;
  readonly namespace?: string;
  readonly input: string;
  readonly status: ItemStatus;
}

/** A call that the daemon answered itself, in the API's words for tools of the server. */
export interface McpCallItem {
  readonly type: 'mcp_call';
  readonly id: string;
  readonly server_label: 'codexpc';
  readonly name: string;
  readonly arguments: string;
  readonly output: string | null;
  readonly error: string | null;
  readonly status: ItemStatus | 'failed';
}

export type OutputItemObject =
  MessageOutput | ReasoningOutput | FunctionCallOutputItem | CustomCallOutputItem | McpCallItem;

export interface UsageObject {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: number };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
}

/** What of the request a response repeats. */
export interface RequestEcho {
  readonly instructions: string | null;
  readonly tools: readonly JsonObject[];
  readonly toolChoice: string | JsonObject;
  readonly parallelToolCalls: boolean;
  readonly reasoning: { readonly effort: string | null; readonly summary: null };
  readonly text: object;
  readonly temperature: number;
  readonly topP: number;
  readonly maxOutputTokens: number | null;
  readonly previousResponseId: string | null;
  readonly promptCacheKey: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly store: boolean;
}

export type ResponseStatus = 'in_progress' | 'completed' | 'incomplete' | 'failed';

export interface ResponseState {
  readonly id: string;
  readonly createdS: number; // seconds since 1970
  readonly completedS: number | null;
  readonly status: ResponseStatus;
  readonly model: string;
  readonly output: readonly OutputItemObject[];
  readonly usage: Usage | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** Why it is incomplete. */
  readonly incompleteReason: 'max_output_tokens' | null;
}

export const responseObject = (state: ResponseState, echo: RequestEcho) => ({
  id: state.id,
  object: 'response' as const,
  created_at: state.createdS,
  completed_at: state.completedS,
  status: state.status,
  background: false,
  error: state.error,
  incomplete_details: incompleteDetails(state),
  instructions: echo.instructions,
  max_output_tokens: echo.maxOutputTokens,
  metadata: echo.metadata,
  model: state.model,
  output: state.output,
  parallel_tool_calls: echo.parallelToolCalls,
  previous_response_id: echo.previousResponseId,
  prompt_cache_key: echo.promptCacheKey,
  reasoning: echo.reasoning,
  service_tier: 'default' as const,
  store: echo.store,
  temperature: echo.temperature,
  text: echo.text,
  tool_choice: echo.toolChoice,
  tools: echo.tools,
  top_p: echo.topP,
  truncation: 'disabled' as const,
  usage: state.usage === null ? null : usageObject(state.usage),
});
export type ResponseObject = ReturnType<typeof responseObject>;

const incompleteDetails = ({ status, incompleteReason }: ResponseState) => {
  if (status !== 'incomplete') return null;
  return incompleteReason === null ? {} : { reason: incompleteReason };
};

const usageObject = (usage: Usage): UsageObject => ({
  input_tokens: usage.inputTokens,
  input_tokens_details: { cached_tokens: usage.cachedInputTokens, cache_write_tokens: 0 },
  output_tokens: usage.outputTokens,
  output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  total_tokens: usage.inputTokens + usage.outputTokens,
});

interface InItem {
  readonly item_id: string;
  readonly output_index: number;
}
interface InContent extends InItem {
  readonly content_index: number;
}
type NoLogprobs = { readonly logprobs: readonly never[] };

export type StreamEventBody =
  | {
      readonly type:
        | 'response.created'
        | 'response.in_progress'
        | 'response.completed'
        | 'response.incomplete'
        | 'response.failed';
      readonly response: ResponseObject;
    }
  | {
      readonly type: 'response.output_item.added' | 'response.output_item.done';
      readonly output_index: number;
      readonly item: OutputItemObject;
    }
  | (InContent & {
      readonly type: 'response.content_part.added' | 'response.content_part.done';
      readonly part: OutputTextPart | ReasoningTextPart;
    })
  | (InContent & NoLogprobs & { readonly type: 'response.output_text.delta'; readonly delta: string })
  | (InContent & NoLogprobs & { readonly type: 'response.output_text.done'; readonly text: string })
  | (InContent & { readonly type: 'response.reasoning_text.delta'; readonly delta: string })
  | (InContent & { readonly type: 'response.reasoning_text.done'; readonly text: string })
  | (InItem & { readonly type: 'response.function_call_arguments.delta'; readonly delta: string })
  | (InItem & {
      readonly type: 'response.function_call_arguments.done';
      readonly name: string;
      readonly arguments: string;
    })
  | (InItem & {
      readonly type:
        'response.mcp_call.in_progress' | 'response.mcp_call.completed' | 'response.mcp_call.failed';
    })
  | (InItem & { readonly type: 'response.mcp_call_arguments.done'; readonly arguments: string })
  | (InItem & { readonly type: 'response.custom_tool_call_input.delta'; readonly delta: string })
  | (InItem & { readonly type: 'response.custom_tool_call_input.done'; readonly input: string });

export type StreamEvent = StreamEventBody & { readonly sequence_number: number };

export const textPart = (text: string): OutputTextPart => ({
  type: 'output_text',
  text,
  annotations: [],
  logprobs: [],
});
