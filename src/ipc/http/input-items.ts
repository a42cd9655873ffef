// Items of a Responses request's input → the conversation. Every type that clients send is either understood or left out
// by name, for the log: a conversation that has begun must not fail on an item that some other server has put into it.

import * as z from 'zod';
import { jsonObject, type JsonObject } from '../messages/define.js';
import type { ConversationItem } from '../protocol.js';
import { invalidBody } from './api-error.js';
import { contentText } from './content-text.js';
import { openReasoning } from './sealed-reasoning.js';
import type { ToolTable } from './tool-table.js';
import { typeForLog } from './type-for-log.js';

export interface InputItems {
  readonly items: readonly ConversationItem[];
  readonly ignored: readonly string[];
}

const Message = z.object({
  role: z.enum(['user', 'assistant', 'system', 'developer']),
  phase: z.string().nullish(),
});
const callId = z.string().min(1).max(256);
/** Some servers have put the object itself there, or nothing. */
const callText = z
  .union([z.string(), jsonObject])
  .nullish()
  .transform((value) => (typeof value === 'string' ? value : JSON.stringify(value ?? {})));
const FunctionCall = z.object({
  call_id: callId,
  name: z.string().min(1).max(200),
  namespace: z.string().max(200).nullish(),
  arguments: callText,
});
const CustomToolCall = FunctionCall.omit({ arguments: true }).extend({
  input: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
});
const CallOutput = z.object({ call_id: callId });
const McpCall = z.object({
  id: callId,
  name: z.string().min(1).max(200),
  arguments: z.string(),
  output: z.string().nullish(),
  error: z.unknown().optional(),
});

/** Errors: invalid_request, with the item's place. */
export const readInputItems = (input: readonly JsonObject[], tools: ToolTable): InputItems => {
  const items: ConversationItem[] = [];
  const ignored: string[] = [];
  for (const [index, item] of input.entries()) {
    const read = readItem(item, tools, `input[${index}]`);
    if (read.length > 0) items.push(...read);
    else ignored.push(`item ${typeForLog(typeOf(item))}`);
  }
  return { items, ignored };
};

/** A message may leave its type out. */
const typeOf = ({ type, role }: JsonObject): string => {
  if (typeof type === 'string') return type;
  return role === undefined ? 'none' : 'message';
};

const readItem = (item: JsonObject, tools: ToolTable, place: string): readonly ConversationItem[] => {
  switch (typeOf(item)) {
    case 'message':
      return [readMessage(item, place)];
    case 'reasoning': {
      const text = reasoningText(item);
      return text === '' ? [] : [{ kind: 'message', role: 'assistant', channel: 'analysis', text }];
    }
    case 'function_call': {
      const call = parse(FunctionCall, item, place);
      const name = tools.flatName(call.name, call.namespace ?? null);
      return [{ kind: 'tool_call', callId: call.call_id, name, arguments: call.arguments, freeform: false }];
    }
    case 'custom_tool_call': {
      const call = parse(CustomToolCall, item, place);
      const name = tools.flatName(call.name, call.namespace ?? null);
      return [{ kind: 'tool_call', callId: call.call_id, name, arguments: call.input, freeform: true }];
    }
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [
        {
          kind: 'tool_output',
          callId: parse(CallOutput, item, place).call_id,
          output: contentText(item['output']),
        },
      ];
    case 'mcp_call': {
      // A tool that the daemon ran: see responses-encoder.ts.
      const call = parse(McpCall, item, place);
      return [
        { kind: 'tool_call', callId: call.id, name: call.name, arguments: call.arguments, freeform: false },
        {
          kind: 'tool_output',
          callId: call.id,
          output: call.output ?? (typeof call.error === 'string' ? call.error : ''),
        },
      ];
    }
    default:
      return [];
  }
};

const readMessage = (item: JsonObject, place: string): ConversationItem => {
  const { role, phase } = parse(Message, item, place);
  const text = contentText(item['content']);
  const channel = role !== 'assistant' ? null : phase === 'commentary' ? 'commentary' : 'final';
  return { kind: 'message', role, text, channel };
};

const reasoningText = ({ content, encrypted_content: sealed }: JsonObject): string => {
  const text = Array.isArray(content) ? contentText(content) : '';
  if (text !== '') return text;
  return typeof sealed === 'string' ? (openReasoning(sealed) ?? '') : '';
};

const parse = <Schema extends z.ZodType>(
  schema: Schema,
  item: JsonObject,
  place: string,
): z.infer<Schema> => {
  const parsed = schema.safeParse(item);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const at = [place, ...(issue?.path ?? [])].join('.');
  throw invalidBody(`${at}: ${issue?.message ?? 'it is not of the form that it should be'}`, at);
};
