// The body of POST /v1/chat/completions, as far as it is used. Keys that are not listed are let through unread.

import * as z from 'zod';
import { jsonObject, list } from '../messages/define.js';

const content = z.union([z.string(), list(jsonObject, 4_096)]).nullish();

const ToolCall = z.union([
  z.object({
    id: z.string().min(1).max(256),
    function: z.object({ name: z.string().min(1).max(256), arguments: z.string() }),
  }),
  z.object({
    id: z.string().min(1).max(256),
    custom: z.object({ name: z.string().min(1).max(256), input: z.string() }),
  }),
]);
export type ChatToolCall = z.infer<typeof ToolCall>;

const ChatMessage = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer', 'user']), content }),
  z.object({
    role: z.literal('assistant'),
    content,
    /** The model's analysis, as it was sent in an earlier answer. Both names are in use. */
    reasoning_content: z.string().nullish(),
    reasoning: z.string().nullish(),
    tool_calls: list(ToolCall, 1_024).nullish(),
  }),
  z.object({ role: z.literal('tool'), content, tool_call_id: z.string().min(1).max(256) }),
]);
export type ChatMessage = z.infer<typeof ChatMessage>;

export const ChatBody = z.object({
  model: z.string().max(1024).nullish(),
  messages: list(ChatMessage, 16_384),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  tools: list(jsonObject, 4_096).nullish(),
  tool_choice: z.union([z.string(), jsonObject]).nullish(),
  reasoning_effort: z.string().nullish(),
  response_format: z
    .looseObject({
      type: z.string(),
      json_schema: z.looseObject({ schema: jsonObject.nullish() }).nullish(),
    })
    .nullish(),
  max_tokens: z.number().int().positive().nullish(),
  max_completion_tokens: z.number().int().positive().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  seed: z.number().int().nonnegative().nullish(),
  n: z.number().int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)]).nullish(),
  logprobs: z.boolean().nullish(),
  prompt_cache_key: z.string().max(1024).nullish(),
});
export type ChatBody = z.infer<typeof ChatBody>;
