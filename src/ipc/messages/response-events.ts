// What a response sends, in order. `sequence` counts from 0 without gaps; `completed` or `failed` comes once, last.

import * as z from 'zod';
import { Channel, ToolCallItem, ToolOutputItem } from './conversation.js';
import { bytes, count, defineMessage, list, milliseconds, RequestId, tokensPerSecond } from './define.js';
import { WireError } from './error.js';

const header = { requestId: RequestId, sequence: count };

export const Created = defineMessage('created', { ...header, model: z.string(), queuedAhead: count });

/** Requests ahead, bytes, or prompt tokens (of those under way, the part of their work that is done): `done` of `total`, by phase. */
export const Progress = defineMessage('progress', {
  ...header,
  phase: z.enum(['queued', 'loading', 'prefill']),
  done: z.number().nonnegative(),
  total: z.number().nonnegative(),
});

export const OutputTextDelta = defineMessage('output_text.delta', {
  ...header,
  text: z.string(),
  /** `commentary` only when it was included. */
  channel: z.enum(['final', 'commentary']),
});

export const ReasoningDelta = defineMessage('reasoning.delta', { ...header, text: z.string() });

/** Only with `include: ['arguments_delta']`: a call's arguments as they are written. */
export const ArgumentsDelta = defineMessage('tool_call.arguments.delta', {
  ...header,
  callId: z.string(),
  name: z.string(),
  text: z.string(),
});

const Logprob = z.object({ token: count, logprob: z.number() });

/** Only with `include: ['tokens']` or `['logprobs']`: every sampled token, control tokens too. */
export const TokensDelta = defineMessage('tokens.delta', {
  ...header,
  tokens: list(z.object({ token: count, logprob: z.number().nullable(), top: list(Logprob) })),
});

export const ToolResult = z.object({
  status: z.enum([
    'ok',
    'failed',
    'timed_out',
    'capped',
    'refused',
    'invalid_arguments',
    'crashed',
    'cancelled',
  ]),
  exitCode: z.number().int().nullable(),
  /** What ended the program, such as "SIGKILL". */
  signal: z.string().nullable(),
  durationMs: milliseconds,
  /** Written by the tool; more than `output` holds if `truncated`. */
  outputBytes: bytes,
  truncated: z.boolean(),
});
export type ToolResult = z.infer<typeof ToolResult>;

export const OutputItem = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('message'), channel: Channel, text: z.string() }),
  /**
   * `owner`: who answers it. The daemon runs its own tools, and tells the model why it runs neither a call of a tool that
   * was not offered (`declared` false) nor one whose name or arguments had to be guessed from malformed output (`guessed`).
   */
  ToolCallItem.extend({
    owner: z.enum(['daemon', 'client']),
    declared: z.boolean(),
    guessed: z.boolean(),
  }),
  /** `result`: how a call that the daemon answered went; null: the client answered it. */
  ToolOutputItem.extend({ result: ToolResult.nullable() }),
]);
export type OutputItem = z.infer<typeof OutputItem>;

export const OutputItemDone = defineMessage('output_item.done', { ...header, item: OutputItem });

export const FinishReason = z.enum(['stop', 'length', 'tool_calls', 'tool_limit', 'cancelled', 'deadline']);
export type FinishReason = z.infer<typeof FinishReason>;

export const Usage = z.object({
  inputTokens: count,
  cachedInputTokens: count,
  outputTokens: count,
  reasoningTokens: count,
});
export type Usage = z.infer<typeof Usage>;

export const Timings = z.object({
  queuedMs: milliseconds,
  prefillMs: milliseconds,
  timeToFirstTokenMs: milliseconds,
  decodeMs: milliseconds,
  totalMs: milliseconds,
  prefillTokensPerSecond: tokensPerSecond,
  decodeTokensPerSecond: tokensPerSecond,
});
export type Timings = z.infer<typeof Timings>;

export const Completed = defineMessage('completed', {
  ...header,
  finishReason: FinishReason,
  usage: Usage,
  timings: Timings,
  /** What the decoder had to mend in the model's output, by name. */
  repairs: z.record(z.string(), count),
});

export const Failed = defineMessage('failed', { ...header, error: WireError });

export const ResponseEvent = z.discriminatedUnion('type', [
  Created,
  Progress,
  OutputTextDelta,
  ReasoningDelta,
  ArgumentsDelta,
  TokensDelta,
  OutputItemDone,
  Completed,
  Failed,
]);
export type ResponseEvent = z.infer<typeof ResponseEvent>;
export type Completed = z.infer<typeof Completed>;
export type Failed = z.infer<typeof Failed>;

export const isTerminal = (event: ResponseEvent): event is Completed | Failed =>
  event.type === 'completed' || event.type === 'failed';
