// The body of POST /v1/responses, as far as it is used. Keys that are not listed are let through unread.

import * as z from 'zod';
import { jsonObject, list } from '../messages/define.js';
import { invalidBody } from './api-error.js';

const MAX_ITEMS = 16_384;
const MAX_TOOLS = 4_096;

/** Tools that come as an item of the input. */
export const AdditionalTools = list(jsonObject, MAX_TOOLS);

export const ResponsesBody = z.object({
  model: z.string().max(1024).nullish(),
  input: z.union([z.string(), list(jsonObject, MAX_ITEMS)]).nullish(),
  instructions: z.union([z.string(), list(jsonObject, MAX_ITEMS)]).nullish(),
  stream: z.boolean().nullish(),
  store: z.boolean().nullish(),
  previous_response_id: z.string().max(256).nullish(),
  tools: list(jsonObject, MAX_TOOLS).nullish(),
  tool_choice: z.union([z.string(), jsonObject]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning: z.looseObject({ effort: z.string().nullish(), summary: z.string().nullish() }).nullish(),
  text: z
    .looseObject({
      format: z.looseObject({ type: z.string(), schema: jsonObject.nullish() }).nullish(),
    })
    .nullish(),
  include: z.array(z.string()).max(64).nullish(),
  max_output_tokens: z.number().int().positive().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_logprobs: z.number().int().min(0).max(20).nullish(),
  prompt_cache_key: z.string().max(1024).nullish(),
  safety_identifier: z.string().max(1024).nullish(),
  user: z.string().max(1024).nullish(),
  truncation: z.string().nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  background: z.boolean().nullish(),
  conversation: z.unknown().optional(),
  prompt: z.unknown().optional(),
});
export type ResponsesBody = z.infer<typeof ResponsesBody>;

/** Errors: invalid_request, which names the first field that does not fit. */
export const parseBody = <Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> => {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  const problem = issue === undefined ? 'it is malformed' : problemOf(issue);
  throw invalidBody(field === '' ? problem : `${field} ${problem}`, field);
};

/** Of what may be one of several types: what is wrong with it as the type that it has, or else all that it may be. */
const problemOf = (issue: z.core.$ZodIssue): string => {
  if (issue.code !== 'invalid_union') return issue.message;
  const firsts = issue.errors.flatMap(([first]) => (first === undefined ? [] : [first]));
  const ofItsType = firsts.filter(({ code, path }) => code !== 'invalid_type' || path.length > 0);
  const told = (ofItsType.length > 0 ? ofItsType : firsts).map((first) => {
    const place = first.path.map(String).join('.');
    return place === '' ? problemOf(first) : `${place}: ${problemOf(first)}`;
  });
  return told.length === 0 ? issue.message : told.join(', or ');
};
