// A test hook: the model's next turn is a given call, on any model. Its tokens are fed as if they had been sampled, so
// that decoder, cache and tools see what they always see. `CODEXPC_TEST_FORCE_TOOL` has it as JSON. Where that is `asked`,
// each request says it: a user's message `force {"name":…,"arguments":…}` or `force {"tokens":[…]}`, of any tokens.

import * as z from 'zod';
import { CodexpcError } from '../errors.js';
import { encodeMarkup } from '../harmony/encode-markup.js';
import type { Tokenizer } from '../harmony/tokenizer.js';
import type { Respond } from '../ipc/protocol.js';
import type { ToolOffer } from './daemon-tools.js';

export interface ForcedCall {
  readonly name: string;
  readonly arguments: string;
}

export interface ForcedTokens {
  readonly tokens: readonly number[];
}

export type ForcedTurn = ForcedCall | ForcedTokens;

/** `asked`: a request says what it forces. */
export type Forcing = ForcedCall | 'asked';

const Forced = z.strictObject({
  name: z.string().min(1),
  /** A text is written as it is, anything else as JSON. */
  arguments: z.json().transform((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
});

const Asked = z.union([Forced, z.strictObject({ tokens: z.array(z.uint32()) })]);
const ASKED = /^force (\{.*\})$/s;

export const parseForcing = (text: string): Forcing => {
  if (text === 'asked') return text;
  try {
    return Forced.parse(JSON.parse(text));
  } catch (error) {
    throw new CodexpcError({
      code: 'invalid_request',
      message: `CODEXPC_TEST_FORCE_TOOL is neither 'asked' nor {"name": …, "arguments": …} as JSON, but ${JSON.stringify(text.slice(0, 200))}. Correct it, or unset it.`,
      cause: error,
    });
  }
};

/**
 * What a request forces; null: nothing. It is the turn that answers the user, not the one that goes on from a tool's
 * output. Errors: invalid_request.
 */
export const forcedTurn = (forcing: Forcing, { items }: Respond): ForcedTurn | null => {
  const last = items.at(-1);
  if (last?.kind === 'tool_output') return null;
  if (forcing !== 'asked') return forcing;
  const asked = last?.kind === 'message' ? ASKED.exec(last.text)?.[1] : undefined;
  if (asked === undefined) return null;
  try {
    return Asked.parse(JSON.parse(asked));
  } catch (error) {
    throw new CodexpcError({
      code: 'invalid_request',
      message: `What is forced is neither {"name": …, "arguments": …} nor {"tokens": […]}, but ${asked.slice(0, 200)}. Correct it.`,
      cause: error,
    });
  }
};

/** The call as history shows it: a next request that repeats it goes on from the slot that holds it. */
export const forcedTokens = (
  turn: ForcedTurn,
  { request, builtins }: ToolOffer,
  tokenizer: Tokenizer,
): Uint32Array => {
  if ('tokens' in turn) return Uint32Array.from(turn.tokens);
  const { name, arguments: text } = turn;
  const isFreeform = request.tools.some((tool) => tool.name === name && tool.kind === 'freeform');
  const header = builtins.some((tool) => tool.name === name)
    ? ` to=${name}<|channel|>analysis code`
    : ` to=functions.${name}<|channel|>commentary ${isFreeform ? 'code' : '<|constrain|>json'}`;
  return Uint32Array.from([
    ...encodeMarkup(tokenizer, `${header}<|message|>`),
    ...tokenizer.encode(text),
    tokenizer.harmony.call,
  ]);
};
