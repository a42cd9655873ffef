// A conversation, and the functions a model may call, as every front end hands them over.

import { z } from 'zod';
import { jsonObject } from './define.js';

export const CallId = z.string().min(1).max(256);

export const Channel = z.enum(['analysis', 'commentary', 'final']);
export type Channel = z.infer<typeof Channel>;

export const MessageItem = z.object({
  kind: z.literal('message'),
  role: z.enum(['system', 'developer', 'user', 'assistant']),
  text: z.string(),
  /** Only an assistant's message has one. */
  channel: Channel.nullable(),
});

export const ToolCallItem = z.object({
  kind: z.literal('tool_call'),
  callId: CallId,
  name: z.string().min(1).max(256),
  arguments: z.string(),
});

export const ToolOutputItem = z.object({
  kind: z.literal('tool_output'),
  callId: CallId,
  output: z.string(),
});

export const ConversationItem = z.discriminatedUnion('kind', [MessageItem, ToolCallItem, ToolOutputItem]);
export type ConversationItem = z.infer<typeof ConversationItem>;

export const FunctionTool = z.object({
  name: z.string().min(1).max(256),
  description: z.string(),
  /** JSON Schema of the arguments; null: the function takes none. */
  parameters: jsonObject.nullable(),
});
export type FunctionTool = z.infer<typeof FunctionTool>;
