// A test hook: the model's next turn is a given call, on any model. Its tokens are fed as if they had been sampled, so
// that decoder, cache and tools see what they always see. `CODEXPC_TEST_FORCE_TOOL` has it as JSON.

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

const Forced = z.strictObject({
  name: z.string().min(1),
  /** A text is written as it is, anything else as JSON. */
  arguments: z.json().transform((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
});

export const parseForcedCall = (text: string): ForcedCall => {
  try {
    return Forced.parse(JSON.parse(text));
  } catch (error) {
    throw new CodexpcError({
      code: 'invalid_request',
      message: `CODEXPC_TEST_FORCE_TOOL is not {"name": …, "arguments": …} as JSON, but ${JSON.stringify(text.slice(0, 200))}. Correct it, or unset it.`,
      cause: error,
    });
  }
};

/** What is forced is the turn that answers the user, not the one that goes on from a tool's output. */
export const isForced = ({ items }: Respond): boolean => items.at(-1)?.kind !== 'tool_output';

/** The call as history shows it: a next request that repeats it goes on from the slot that holds it. */
export const forcedTokens = (
  { name, arguments: text }: ForcedCall,
  { request, builtins }: ToolOffer,
  tokenizer: Tokenizer,
): Uint32Array => {
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
