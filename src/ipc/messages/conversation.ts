// A conversation, and the tools a model may call, as every front end hands them over.

import * as z from 'zod';
import { jsonObject } from './define.js';

export const CallId = z.string().min(1).max(256);

export const Channel = z.enum(['analysis', 'commentary', 'final']);
export type Channel = z.infer<typeof Channel>;

export const ToolName = z.string().min(1).max(256);

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
  name: ToolName,
  /** JSON; of a freeform tool the text itself. */
  arguments: z.string(),
  freeform: z.boolean(),
});

export const ToolOutputItem = z.object({
  kind: z.literal('tool_output'),
  callId: CallId,
  output: z.string(),
});

export const ConversationItem = z.discriminatedUnion('kind', [MessageItem, ToolCallItem, ToolOutputItem]);
export type ConversationItem = z.infer<typeof ConversationItem>;

export const FunctionTool = z.object({
  kind: z.literal('function'),
  name: ToolName,
  description: z.string(),
  /** JSON Schema of the arguments; null: the function takes none. */
  parameters: jsonObject.nullable(),
  /** The arguments of a call are held to the schema while they are written. */
  strict: z.boolean(),
});
export type FunctionTool = z.infer<typeof FunctionTool>;

/** Called with a text, not with JSON: a patch, a program. */
export const FreeformTool = z.object({
  kind: z.literal('freeform'),
  name: ToolName,
  description: z.string(),
  /** What the text has to match, and is held to; null: any text. */
  grammar: z.object({ syntax: z.enum(['lark', 'regex']), definition: z.string() }).nullable(),
});
export type FreeformTool = z.infer<typeof FreeformTool>;

export const Tool = z.discriminatedUnion('kind', [FunctionTool, FreeformTool]);
export type Tool = z.infer<typeof Tool>;

/** `required`: the answer is a call of some tool. A name: of this one. `none`: tools are not offered. */
export const ToolChoice = z.union([z.enum(['auto', 'none', 'required']), z.object({ name: ToolName })]);
export type ToolChoice = z.infer<typeof ToolChoice>;
