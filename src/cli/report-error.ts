// The one place where a failure becomes text: `codexpc: <sentence> [code]`, then what to do next.

import { CodexpcError, type ErrorCode } from '../errors.js';
import { formatDuration } from './format.js';
import { UsageError } from './exit-codes.js';
import { harmless } from './terminal-text.js';

/** By code: what to do, unless the message says it already (then `about` matches it). */
const NEXT_STEPS: { readonly [Code in ErrorCode]?: { readonly about: RegExp; readonly next: string } } = {
  insufficient_memory: {
    about: /engine\.context_length/,
    next: 'Use a smaller model, or a smaller engine.context_length.',
  },
  model_not_found: { about: /codexpc models/, next: "See what there is with 'codexpc models'." },
  model_corrupt: {
    about: /download|models inspect|Name its/i,
    next: "Download the checkpoint again; look at it with 'codexpc models inspect FILE'.",
  },
  context_overflow: { about: /shorten/i, next: 'Shorten the prompt, or raise engine.context_length.' },
  engine_start_failed: { about: /codexpc logs/, next: "See 'codexpc logs', then 'codexpc doctor'." },
  engine_exited: { about: /codexpc logs/, next: "Repeat the request, and see 'codexpc logs'." },
  engine_unresponsive: { about: /codexpc logs/, next: "Repeat the request, and see 'codexpc logs'." },
  invariant_violated: { about: /report/, next: "Please report this with the output of 'codexpc logs'." },
};

export const describeError = (error: unknown, verbose: boolean): string => {
  const lines = [sentence(error), nextStep(error)].filter((line) => line !== '');
  if (verbose) lines.push(harmless(stackOf(error)));
  return `${lines.join('\n  ')}\n`;
};

const sentence = (error: unknown): string => {
  if (error instanceof UsageError) return `codexpc: ${error.message}`;
  if (error instanceof CodexpcError) return `codexpc: ${harmless(error.message)} [${error.code}]`;
  return `codexpc: unexpected error: ${harmless(error instanceof Error ? error.message : String(error))} [invariant_violated]`;
};

const nextStep = (error: unknown): string => {
  if (error instanceof UsageError) return '';
  if (!(error instanceof CodexpcError)) return "This is a bug; '--verbose' shows where. Please report it.";
  const retryAfterMs = error.details['retryAfterMs'];
  if (typeof retryAfterMs === 'number') return `Try again in ${formatDuration(retryAfterMs)}.`;
  const step = NEXT_STEPS[error.code];
  return step === undefined || step.about.test(error.message) ? '' : step.next;
};

const stackOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\nCaused by: ${stackOf(error.cause)}`;
  return (error.stack ?? error.message) + cause;
};
