// Tools that run on the client's side when the model calls them.

import { messageOf } from '../errors.js';
import type { FreeformTool, FunctionTool, OutputItem, Tool } from '../ipc/protocol.js';

export interface ToolCallContext {
  readonly callId: string;
  readonly name: string;
  /** Aborts when the response ends before the handler does. */
  readonly signal: AbortSignal;
}

export type ClientTool = ClientFunction | ClientFreeformTool;

export interface ClientFunction {
  readonly kind?: 'function' | undefined;
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: FunctionTool['parameters'];
  /** Arguments that do not fit the schema cannot occur. Default: false. */
  readonly strict?: boolean;
  /** Called with the parsed arguments. What is not a string is written as JSON. A throw becomes output the model can read. */
  readonly handler?: (args: unknown, context: ToolCallContext) => unknown;
}

/** Called with a text instead of JSON. */
export interface ClientFreeformTool {
  readonly kind: 'freeform';
  readonly name: string;
  readonly description?: string;
  /** What the text has to match. */
  readonly grammar?: FreeformTool['grammar'];
  readonly handler?: (text: string, context: ToolCallContext) => unknown;
}

export type ToolCall = Extract<OutputItem, { kind: 'tool_call' }>;

export const toWireTool = (tool: ClientTool): Tool => {
  const { name, description = '' } = tool;
  if (tool.kind === 'freeform') return { kind: 'freeform', name, description, grammar: tool.grammar ?? null };
  const { parameters = null, strict = false } = tool;
  return { kind: 'function', name, description, parameters, strict };
};

/** Never throws: whatever goes wrong is told to the model. */
export const runTool = async (
  tools: readonly ClientTool[],
  call: ToolCall,
  signal: AbortSignal,
): Promise<string> => {
  if (call.guessed) return failure('the call was malformed and has not been run; write it again');
  const tool = tools.find(({ name }) => name === call.name);
  if (tool?.handler === undefined) return failure(`there is no tool named ${call.name}`);
  const context = { callId: call.callId, name: call.name, signal };
  if (tool.kind === 'freeform') return outputOf(tool.handler, call.arguments, context);
  let args: unknown;
  try {
    args = call.arguments.trim() === '' ? {} : JSON.parse(call.arguments);
  } catch (error) {
    return failure(`the arguments are not valid JSON (${messageOf(error)})`);
  }
  return outputOf(tool.handler, args, context);
};

const outputOf = async <Argument>(
  handler: (argument: Argument, context: ToolCallContext) => unknown,
  argument: Argument,
  context: ToolCallContext,
): Promise<string> => {
  try {
    const output = await handler(argument, context);
    return typeof output === 'string' ? output : (JSON.stringify(output) ?? '');
  } catch (error) {
    return failure(messageOf(error));
  }
};

const failure = (message: string): string => JSON.stringify({ error: message });
