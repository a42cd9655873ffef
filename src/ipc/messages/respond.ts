// The request that starts an answer. Complete on the wire: `createRespond` fills the defaults, the daemon guesses none.

import * as z from 'zod';
import { ConversationItem, Tool, ToolChoice } from './conversation.js';
import { defineMessage, jsonObject, list, RequestId } from './define.js';

const MAX_SEED = 2n ** 64n - 1n;

export const Sampling = z.object({
  temperature: z.number().min(0).max(100), // 0 = greedy
  topK: z.number().int().nonnegative(), // 0 = off
  topP: z.number().min(0).max(1), // 1 = off
  minP: z.number().min(0).max(1), // 0 = off
  repetitionPenalty: z.number().positive(), // 1 = off
  presencePenalty: z.number(),
  frequencyPenalty: z.number(),
  logitBias: list(z.tuple([z.number().int().nonnegative(), z.number()]), 65_536), // [token id, added to its logit]
  /** Null: a new one each time. */
  seed: z.union([z.bigint().min(0n).max(MAX_SEED), z.number().int().nonnegative()]).nullable(),
});
export type Sampling = z.infer<typeof Sampling>;

export const Include = z.enum(['reasoning', 'commentary', 'arguments_delta', 'tokens', 'logprobs']);
export type Include = z.infer<typeof Include>;

export const ReasoningEffort = z.enum(['low', 'medium', 'high']);
export type ReasoningEffort = z.infer<typeof ReasoningEffort>;

export const Respond = defineMessage('respond', {
  requestId: RequestId,
  /** Null: the daemon's default model. */
  checkpoint: z.string().min(1).nullable(),
  items: list(ConversationItem, 16_384),
  instructions: z.string().nullable(),
  tools: list(Tool, 4_096),
  toolChoice: ToolChoice,
  /** Offer the model the tools that the daemon's settings allow, too. */
  daemonTools: z.boolean(),
  /** JSON Schema of the final message, which is held to it; null: any text. */
  outputSchema: jsonObject.nullable(),
  reasoningEffort: ReasoningEffort,
  /** YYYY-MM-DD, pinned by the client for a conversation so that its prefix stays the same past midnight. */
  currentDate: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}$/)
    .nullable(),
  sampling: Sampling,
  /** Null: as far as the context reaches. */
  maxTokens: z.number().int().positive().nullable(),
  deadlineMs: z.number().int().positive().nullable(),
  include: list(Include, 16),
  /** `await`: the response waits for `tool_output` and goes on. `return`: it completes with `tool_calls`. */
  toolCalls: z.enum(['await', 'return']),
  topLogprobs: z.number().int().min(0).max(20),
});
export type Respond = z.infer<typeof Respond>;

export type RespondOptions = Partial<Omit<Respond, 'type' | 'requestId' | 'sampling' | 'items'>> & {
  readonly items: Respond['items'];
  readonly sampling?: Partial<Sampling>;
};

export const DEFAULT_SAMPLING: Sampling = {
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: [],
  seed: null,
};

export const createRespond = (requestId: string, { sampling, ...options }: RespondOptions): Respond => ({
  type: 'respond',
  requestId,
  checkpoint: null,
  instructions: null,
  tools: [],
  toolChoice: 'auto',
  daemonTools: true,
  outputSchema: null,
  reasoningEffort: 'medium',
  currentDate: null,
  maxTokens: null,
  deadlineMs: null,
  include: [],
  toolCalls: 'return',
  topLogprobs: 0,
  ...options,
  sampling: { ...DEFAULT_SAMPLING, ...sampling },
});
