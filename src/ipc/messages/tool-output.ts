import * as z from 'zod';
import { CallId } from './conversation.js';
import { defineMessage, RequestId } from './define.js';

/** Answers a call that a response with `toolCalls: 'await'` waits for. `requestId` is the response's. */
export const ToolOutput = defineMessage('tool_output', {
  requestId: RequestId,
  callId: CallId,
  output: z.string(),
});
export type ToolOutput = z.infer<typeof ToolOutput>;
