// The options that shape an answer, for `run` and `chat`.

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { ReasoningEffort, Sampling } from '../../ipc/protocol.js';
import { decimal, integer, logitBias, milliseconds, seed } from '../option-parsers.js';

export interface AnswerOptions {
  readonly checkpoint: string | null;
  readonly instructions: string | null;
  readonly reasoning: ReasoningEffort;
  readonly maxTokens: number | null;
  readonly deadlineMs: number | null;
  readonly sampling: Partial<Sampling>;
  readonly showReasoning: boolean;
  readonly quiet: boolean;
  readonly inProcess: boolean;
}

interface Parsed extends Partial<Sampling> {
  readonly checkpoint?: string;
  readonly instructions?: string;
  readonly reasoning: ReasoningEffort;
  readonly maxTokens?: number;
  readonly deadline?: number;
  readonly showReasoning?: boolean;
  readonly quiet?: boolean;
  readonly inProcess?: boolean;
}

export const withAnswerOptions = (command: Command): Command =>
  command
    .option('-c, --checkpoint <file>', "weights to use (default: the daemon's model)")
    .option('-n, --max-tokens <n>', 'most tokens of the answer, reasoning included', integer(1))
    .addOption(
      new Option('-r, --reasoning <effort>', 'how long the model thinks')
        .choices(['low', 'medium', 'high'])
        .default('medium'),
    )
    .option('--show-reasoning', "show the model's analysis, dimmed, on stderr")
    .option('--system, --instructions <text>', 'instructions for the model')
    .option('--deadline <duration>', 'stop the answer after this long, such as 30s', milliseconds)
    .option('--in-process', 'use no daemon: load the model in this process')
    .option('-q, --quiet', 'no figures after the answer')
    .optionsGroup('Sampling:')
    .option('-t, --temperature <t>', '0 always takes the likeliest token (default: 1)', decimal(0, 100))
    .option('--seed <n>', 'same seed, same answer', seed)
    .option('--top-k <n>', 'only the n likeliest tokens; 0: all', integer(0))
    .option('--top-p <p>', 'only the likeliest tokens up to this probability together', decimal(0, 1))
    .option('--min-p <p>', "only tokens with this share of the likeliest one's probability", decimal(0, 1))
    .option('--repetition-penalty <x>', 'above 1: less of what was said', decimal(0.01, 100))
    .option('--presence-penalty <x>', 'above 0: less of what was said at all', decimal(-100, 100))
    .option('--frequency-penalty <x>', 'above 0: less of what was said often', decimal(-100, 100))
    .option('--logit-bias <token=bias>', 'add to a token’s logit; can be repeated', logitBias);

const SAMPLING_KEYS = [
  'temperature',
  'seed',
  'topK',
  'topP',
  'minP',
  'repetitionPenalty',
  'presencePenalty',
  'frequencyPenalty',
  'logitBias',
] as const;

/** The daemon has another working folder, so a path is made absolute here. */
export const answerOptions = (parsed: Parsed): AnswerOptions => ({
  checkpoint: parsed.checkpoint === undefined ? null : resolve(parsed.checkpoint),
  instructions: parsed.instructions ?? null,
  reasoning: parsed.reasoning,
  maxTokens: parsed.maxTokens ?? null,
  deadlineMs: parsed.deadline ?? null,
  sampling: Object.fromEntries(
    SAMPLING_KEYS.filter((key) => parsed[key] !== undefined).map((key) => [key, parsed[key]]),
  ),
  showReasoning: parsed.showReasoning ?? false,
  quiet: parsed.quiet ?? false,
  inProcess: parsed.inProcess ?? false,
});
