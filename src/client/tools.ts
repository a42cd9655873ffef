// Functions that run on the client's side when the model calls them.

import { messageOf } from '../errors.js';
import type { FunctionTool, OutputItem } from '../ipc/protocol.js';

export interface ToolCallContext {
  readonly callId: string;
  readonly name: string;
  /** Aborts when the response ends before the handler does. */
  readonly signal: AbortSignal;
}

export interface ClientTool {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments. */
  readonly parameters?: FunctionTool['parameters'];
  /** Called with the parsed arguments. What is not a string is written as JSON. A throw becomes output the model can read. */
  readonly handler?: (args: unknown, context: ToolCallContext) => unknown;
}

export type ToolCall = Extract<OutputItem, { kind: 'tool_call' }>;

export const toFunctionTool = ({ name, description = '', parameters = null }: ClientTool): FunctionTool => ({
  name,
  description,
  parameters,
});

/** Never throws: whatever goes wrong is told to the model. */
export const runTool = async (
  tools: readonly ClientTool[],
  call: ToolCall,
  signal: AbortSignal,
): Promise<string> => {
  if (call.guessed) return failure('the call was malformed and has not been run; write it again');
  const handler = tools.find(({ name }) => name === call.name)?.handler;
  if (handler === undefined) return failure(`there is no function named ${call.name}`);
  let args: unknown;
  try {
    args = call.arguments.trim() === '' ? {} : JSON.parse(call.arguments);
  } catch (error) {
    return failure(`the arguments are not valid JSON (${messageOf(error)})`);
  }
  try {
    const output = await handler(args, { callId: call.callId, name: call.name, signal });
    return typeof output === 'string' ? output : (JSON.stringify(output) ?? '');
  } catch (error) {
    return failure(messageOf(error));
  }
};

const failure = (message: string): string => JSON.stringify({ error: message });
