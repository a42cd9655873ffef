// A vocabulary as data: any tiktoken-style one, from a checkpoint or a list of ranks. Special ids
// are resolved by name, because a checkpoint with a truncated vocabulary numbers them differently.

import { CodexpcError } from '../errors.js';
import type { TokenBytes } from './rank-table.js';

export type { TokenBytes };

export interface Vocabulary {
  /** Pre-tokenisation regular expression in tiktoken's syntax. */
  readonly pattern: string;
  readonly tokens: TokenBytes;
  /** Name with its bars (`<|start|>`) → id; ids that text tokens have are refused. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /** Ids from here on do not exist; those below without a token are reserved. Default: just past the last token. */
  readonly vocabularySize?: number;
}

/** The ids that structure a Harmony conversation. */
export interface HarmonyTokens {
  readonly start: number;
  readonly message: number;
  readonly end: number;
  readonly return: number;
  readonly constrain: number;
  readonly channel: number;
  readonly call: number;
}

/** Throws `model_corrupt` if a marker is missing: such a checkpoint cannot hold a Harmony conversation. */
export const resolveHarmonyTokens = (specialTokens: ReadonlyMap<string, number>): HarmonyTokens => {
  const idOf = (name: string): number => {
    const id = specialTokens.get(`<|${name}|>`);
    if (id !== undefined) return id;
    throw new CodexpcError({
      code: 'model_corrupt',
      message: `The checkpoint has no <|${name}|> token, so it is not a Harmony (gpt-oss) model. Use a gpt-oss checkpoint.`,
    });
  };
  return {
    start: idOf('start'),
    message: idOf('message'),
    end: idOf('end'),
    return: idOf('return'),
    constrain: idOf('constrain'),
    channel: idOf('channel'),
    call: idOf('call'),
  };
};

/** Ids of the full vocabulary, `o200k_harmony`. */
export const O200K_HARMONY_SPECIAL_TOKENS: ReadonlyMap<string, number> = new Map([
  ['<|startoftext|>', 199998],
  ['<|endoftext|>', 199999],
  ['<|return|>', 200002],
  ['<|constrain|>', 200003],
  ['<|channel|>', 200005],
  ['<|start|>', 200006],
  ['<|end|>', 200007],
  ['<|message|>', 200008],
  ['<|call|>', 200012],
]);
export const O200K_HARMONY_SIZE = 201089;
