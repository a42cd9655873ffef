// POST /v1/responses → what the daemon is asked, and what the answer needs to be put back into the API's terms.

import type { JsonObject } from '../messages/define.js';
import type { ConversationItem, RespondOptions } from '../protocol.js';
import { invalidBody, unsupported } from './api-error.js';
import { contentText } from './content-text.js';
import { effortOf, outputSchemaOf, samplingOf } from './generation-options.js';
import { readInputItems } from './input-items.js';
import { AdditionalTools, type ResponsesBody } from './responses-body.js';
import type { RequestEcho } from './responses-objects.js';
import { chooseTools, createToolTable, type ToolTable } from './tool-table.js';

export interface ResponsesRequest {
  readonly options: RespondOptions;
  readonly tools: ToolTable;
  readonly echo: RequestEcho;
  /** Wants reasoning items that carry their text sealed. */
  readonly sealReasoning: boolean;
  readonly stream: boolean;
  readonly store: boolean;
  /** What the request says by itself, without the conversation before it. */
  readonly ignored: readonly string[];
}

export interface ResponsesContext {
  /** Null: the default model. */
  readonly checkpoint: string | null;
  /** The conversation that `previous_response_id` names. */
  readonly previous: readonly ConversationItem[];
}

/** Errors: invalid_request, unsupported_option. */
export const readResponsesRequest = (
  body: ResponsesBody,
  { checkpoint, previous }: ResponsesContext,
): ResponsesRequest => {
  refuseUnsupported(body);
  const input =
    typeof body.input === 'string'
      ? [{ type: 'message', role: 'user', content: body.input }]
      : (body.input ?? []);
  const added = input.flatMap((item) => (item['type'] === 'additional_tools' ? toolsOf(item['tools']) : []));
  const offered = [...(body.tools ?? []), ...added];
  const tools = createToolTable(offered);
  const conversation = input.filter(({ type }) => type !== 'additional_tools');
  const { items, ignored } = readInputItems(conversation, tools);
  const chosen = chooseTools(tools, body.tool_choice ?? undefined);
  return {
    options: {
      ...chosen,
      checkpoint,
      items: [...previous, ...items],
      instructions: instructionsOf(body.instructions),
      outputSchema: outputSchemaOf(body.text?.format, 'text.format'),
      reasoningEffort: effortOf(body.reasoning?.effort),
      maxTokens: body.max_output_tokens ?? null,
      sampling: samplingOf(body),
      include: ['reasoning', 'commentary', 'arguments_delta'],
      toolCalls: 'return',
    },
    tools,
    echo: {
      instructions: typeof body.instructions === 'string' ? body.instructions : null,
      tools: body.tools ?? [],
      toolChoice: body.tool_choice ?? 'auto',
      parallelToolCalls: body.parallel_tool_calls ?? true,
      reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
      text: body.text ?? { format: { type: 'text' } },
      temperature: body.temperature ?? 1,
      topP: body.top_p ?? 1,
      maxOutputTokens: body.max_output_tokens ?? null,
      previousResponseId: body.previous_response_id ?? null,
      promptCacheKey: body.prompt_cache_key ?? null,
      metadata: body.metadata ?? {},
      store: body.store ?? true,
    },
    sealReasoning: (body.include ?? []).includes('reasoning.encrypted_content'),
    stream: body.stream ?? false,
    store: body.store ?? true,
    ignored: [...tools.ignored.map((name) => `tool ${name}`), ...ignored],
  };
};

const refuseUnsupported = ({ background, conversation, prompt, top_logprobs }: ResponsesBody): void => {
  if (background === true) {
    throw unsupported('background', 'Background responses are not supported. Stream the response instead.');
  }
  if (isGiven(conversation)) {
    throw unsupported(
      'conversation',
      'Stored conversations are not supported. Send the items themselves, or previous_response_id.',
    );
  }
  if (isGiven(prompt)) {
    throw unsupported('prompt', 'Stored prompts are not supported. Send the text in instructions.');
  }
  if ((top_logprobs ?? 0) > 0) {
    throw unsupported(
      'top_logprobs',
      "Log-probabilities are not served over HTTP. Use the daemon's socket (include: logprobs).",
    );
  }
};

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const toolsOf = (value: unknown): readonly JsonObject[] => {
  const tools = AdditionalTools.safeParse(value).data;
  if (tools === undefined) throw invalidBody('an additional_tools item has no list of tools', 'input');
  return tools;
};

/** Items are allowed in the place of a text; only messages are of use there. */
const instructionsOf = (instructions: ResponsesBody['instructions']): string | null => {
  if (typeof instructions === 'string') return instructions === '' ? null : instructions;
  if (instructions === null || instructions === undefined) return null;
  const text = instructions.map(({ content }) => contentText(content)).join('\n\n');
  return text === '' ? null : text;
};
