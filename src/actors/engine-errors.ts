// Everything that can go wrong around the engine, as named factories: each says what was tried and what to do.

import { CodexpcError, isErrorCode } from '../errors.js';
import { nativeAddonPath } from '../native-addon-path.js';
import type { Sampled } from './engine-addon.js';
import type { ErrorRecord } from './engine-frames.js';

export const toErrorRecord = (thrown: unknown): ErrorRecord => {
  const { code, message, details } = asCodedError(thrown);
  return { code, message, details };
};

export const fromErrorRecord = ({ code, message, details }: ErrorRecord): CodexpcError =>
  new CodexpcError({ code, message, details });

/** The addon throws errors with our codes, but made in another realm or by another copy of the class. */
export const asCodedError = (thrown: unknown): CodexpcError => {
  if (thrown instanceof CodexpcError) return thrown;
  if (thrown instanceof Error && 'code' in thrown && isErrorCode(thrown.code)) {
    return new CodexpcError({ code: thrown.code, message: thrown.message, cause: thrown });
  }
  return new CodexpcError({
    code: 'invariant_violated',
    message: `The engine met an unexpected error: ${messageOf(thrown)}. This is a bug; please report it with the log.`,
    cause: thrown,
  });
};

/** `how`: what is counted before the number of tokens. */
export const contextOverflow = (numTokens: number, contextLength: number, how = ''): CodexpcError =>
  new CodexpcError({
    code: 'context_overflow',
    message: `The prompt has ${how === '' ? '' : `${how} `}${numTokens} tokens and the context holds ${contextLength}, the answer included. Shorten the conversation, or raise engine.context_length.`,
    details: { numTokens, contextLength },
  });

export const queueFull = (queued: number, bound: number, retryAfterMs = 1000): CodexpcError =>
  new CodexpcError({
    code: 'queue_full',
    message: `${queued} requests are waiting already and the queue is bounded at ${bound}. Try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
    details: { queued, bound, retryAfterMs },
  });

export const addonOutdated = (missing: string): CodexpcError =>
  new CodexpcError({
    code: 'unsupported_system',
    message: `The native engine ${nativeAddonPath('codexpc')} was built before this version of codexpc and has no ${missing}. Build it again: npm run build`,
    details: { missing },
  });

export const samplingUnsupported = (option: string): CodexpcError =>
  new CodexpcError({
    code: 'unsupported_option',
    message: `The option ${option} needs logits, and the Metal backend samples by temperature alone. Leave it out, or set engine.backend to "cpu".`,
    details: { option },
  });

export const badSample = (sampled: Sampled | null, vocabSize: number): CodexpcError =>
  new CodexpcError({
    code: 'engine_exited',
    message: `The engine computed no valid token (${sampled === null ? 'none' : `${sampled.token} with log-probability ${sampled.logprob}`}, vocabulary of ${vocabSize}) and was stopped. It is started again by itself; check the checkpoint if this repeats.`,
    details: { token: sampled?.token ?? null, vocabSize },
  });

export const badCut = (length: number, resumeFrom: number): CodexpcError =>
  new CodexpcError({
    code: 'invariant_violated',
    message: `A slot that was cut to ${length} tokens has to be fed again from ${resumeFrom}. This is a fault of codexpc; set engine.draft_tokens = 0 and report it.`,
    details: { length, resumeFrom },
  });

export const engineExited = (exitCode: number, cause: unknown): CodexpcError =>
  new CodexpcError({
    code: 'engine_exited',
    message: `The engine stopped in the middle of its work (${cause === null ? `exit code ${exitCode}` : messageOf(cause)}). It is started again by itself; send the request again.`,
    details: { exitCode },
    cause,
  });

export const engineStartFailed = (exitCode: number, cause: unknown): CodexpcError =>
  new CodexpcError({
    code: 'engine_start_failed',
    message: `The engine could not start (${cause === null ? `exit code ${exitCode}` : messageOf(cause)}). Run 'codexpc doctor' to see what is missing.`,
    details: { exitCode },
    cause,
  });

export const engineStartTimedOut = (timeoutMs: number): CodexpcError =>
  new CodexpcError({
    code: 'engine_start_failed',
    message: `The engine was not ready within ${timeoutMs} ms. Run 'codexpc doctor', and see 'codexpc logs'.`,
    details: { timeoutMs },
  });

export const insufficientMemory = (
  what: string,
  needed: Readonly<Record<string, number>>,
  budgetBytes: number,
): CodexpcError => {
  const total = Object.values(needed).reduce((sum, bytes) => sum + bytes, 0);
  const parts = Object.entries(needed).map(([name, bytes]) => `${name} ${mebibytes(bytes)}`);
  const { weights = 0 } = needed;
  const remedy =
    weights > budgetBytes ? 'Choose a smaller checkpoint' : 'Lower engine.context_length or engine.num_slots';
  return new CodexpcError({
    code: 'insufficient_memory',
    message: `${what} needs ${mebibytes(total)} (${parts.join(', ')}) and the budget is ${mebibytes(budgetBytes)}. ${remedy}, or raise engine.memory_budget.`,
    details: { ...needed, totalBytes: total, budgetBytes },
  });
};

export const modelNotFound = (checkpoint: string, cause: unknown): CodexpcError =>
  new CodexpcError({
    code: 'model_not_found',
    message: `There is no checkpoint at ${checkpoint}. See 'codexpc models' for those that are known.`,
    details: { checkpoint },
    cause,
  });

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

export const engineGivenUp = (lastError: CodexpcError | null, coolOffMs: number): CodexpcError =>
  new CodexpcError({
    code: lastError?.code ?? 'engine_start_failed',
    message: `The engine failed too often and is left alone for ${Math.round(coolOffMs / 1000)} s. The last failure: ${lastError?.message ?? 'unknown'} Run 'codexpc models load' to try at once, and 'codexpc doctor' to see what is wrong.`,
    details: { coolOffMs, retryAfterMs: coolOffMs },
    cause: lastError,
  });

export const shuttingDown = (): CodexpcError =>
  new CodexpcError({
    code: 'shutting_down',
    message:
      'The daemon is stopping and takes no new requests. Send the request again when it has been restarted.',
  });

export const requestQuarantined = (numCrashes: number): CodexpcError =>
  new CodexpcError({
    code: 'request_quarantined',
    message: `This request was running in ${numCrashes} crashes of the engine and is not run again. Change it, or restart the daemon to lift this.`,
    details: { numCrashes },
  });

export const noCheckpoint = (): CodexpcError =>
  new CodexpcError({
    code: 'model_not_found',
    message:
      'The request names no checkpoint and none is configured. Pass --checkpoint, or set engine.checkpoint.',
  });

export const duplicateRequest = (requestId: string): CodexpcError =>
  new CodexpcError({
    code: 'invalid_request',
    message: `A request with the id ${JSON.stringify(requestId)} is running already. Choose another id.`,
    details: { requestId },
  });

export const noSuchCall = (requestId: string, callId: string): CodexpcError =>
  new CodexpcError({
    code: 'invalid_request',
    message: `The request ${JSON.stringify(requestId)} waits for no call ${JSON.stringify(callId)}; it may have ended or been answered.`,
    details: { requestId, callId },
  });

export const noFaultHook = (): CodexpcError =>
  new CodexpcError({
    code: 'access_denied',
    message:
      "This daemon takes no faults. Start one for tests with 'codexpc daemon --fault none', and inject them there.",
  });
