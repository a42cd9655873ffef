// Our errors in the terms of OpenAI's API. The codes of statuses and of failed responses decide what a client does next:
// Codex tries again on 5xx (after Retry-After), gives up at once on 400 and 404, and takes every other 4xx for a broken
// stream, which it sends again five times. It takes `server_is_overloaded` and `slow_down` for final, so neither is used.

import { CodexpcError, type ErrorCode, type ErrorKind } from '../../errors.js';
import { toWireError, type WireError } from '../protocol.js';

export interface ApiError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: ApiErrorBody };
}

export interface ApiErrorBody {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
  readonly code: string;
}

export interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  /** The field at fault. */
  readonly param?: string;
  /** OpenAI's name for it, where it has one that clients know. */
  readonly apiCode?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error that exists in HTTP's terms only: it states its status itself. */
export const refusal = ({ code, message, ...details }: Refusal): CodexpcError =>
  new CodexpcError({ code, message, details });

export const invalidBody = (problem: string, param?: string): CodexpcError =>
  refusal({
    status: 400,
    code: 'invalid_request',
    message: `The request's body does not fit: ${problem}.`,
    ...(param === undefined ? {} : { param }),
  });

export const unsupported = (param: string, problem: string): CodexpcError =>
  refusal({ status: 400, code: 'unsupported_option', message: problem, param });

const STATUS_BY_KIND: { readonly [Kind in ErrorKind]: number } = {
  caller: 400,
  capacity: 503,
  protocol: 400,
  engine: 503,
  system: 500,
  bug: 500,
};

const TYPE_BY_KIND: { readonly [Kind in ErrorKind]: string } = {
  caller: 'invalid_request_error',
  capacity: 'server_error',
  protocol: 'invalid_request_error',
  engine: 'server_error',
  system: 'server_error',
  bug: 'server_error',
};

const API_CODES: { readonly [Code in ErrorCode]?: string } = { context_overflow: 'context_length_exceeded' };

export const toApiError = (thrown: unknown): ApiError => apiErrorOf(toWireError(thrown));

export const apiErrorOf = (error: WireError): ApiError => {
  const { kind } = new CodexpcError(error);
  const { status, param, apiCode, headers } = error.details;
  const own = error.code === 'model_not_found' ? 404 : STATUS_BY_KIND[kind];
  const wait = kind === 'capacity' || kind === 'engine' ? { 'retry-after': String(retryAfterS(error)) } : {};
  return {
    status: typeof status === 'number' ? status : own,
    headers: { ...wait, ...(headers as Record<string, string> | undefined) },
    body: {
      error: {
        message: error.message,
        type: TYPE_BY_KIND[kind],
        param: typeof param === 'string' ? param : null,
        code: typeof apiCode === 'string' ? apiCode : (API_CODES[error.code] ?? error.code),
      },
    },
  };
};

/** What a response says that failed after its stream had begun. */
export interface FailedResponseError {
  readonly code: string;
  readonly message: string;
}

export const failedResponseError = (error: WireError): FailedResponseError => {
  const { kind } = new CodexpcError(error);
  if (error.code === 'context_overflow') return { code: 'context_length_exceeded', message: error.message };
  if (kind === 'caller') return { code: 'invalid_prompt', message: error.message };
  if (kind === 'capacity') {
    // Codex reads the wait from these words.
    const wait = `Please try again in ${retryAfterS(error)}s.`;
    return { code: 'rate_limit_exceeded', message: `${error.message} ${wait}` };
  }
  return { code: 'server_error', message: error.message };
};

const retryAfterS = ({ details }: WireError): number => {
  const { retryAfterMs } = details;
  return typeof retryAfterMs === 'number' ? Math.max(1, Math.ceil(retryAfterMs / 1000)) : 1;
};
