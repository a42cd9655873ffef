// A CodexpcError as data, and the frame that carries one.

import * as z from 'zod';
import { CodexpcError, ERROR_KINDS, invariantViolated, type ErrorCode } from '../../errors.js';
import { defineMessage, jsonObject, RequestId } from './define.js';

const CODES = Object.keys(ERROR_KINDS) as [ErrorCode, ...ErrorCode[]];

export const WireError = z.object({
  code: z.enum(CODES),
  message: z.string(),
  details: jsonObject,
});
export type WireError = z.infer<typeof WireError>;

/**
 * `requestId` null: the connection is at fault, and closes after this frame.
 * `callId` set: answers a `tool_output` that was refused; the response goes on. Otherwise the request has ended.
 */
export const ErrorMessage = defineMessage('error', {
  requestId: RequestId.nullable(),
  callId: z.string().nullable(),
  error: WireError,
});
export type ErrorMessage = z.infer<typeof ErrorMessage>;

/** Anything thrown becomes a coded error; what is not one of ours is a bug and says so. */
export const toWireError = (thrown: unknown): WireError => {
  const error = thrown instanceof CodexpcError ? thrown : invariantViolated('an unexpected error', thrown);
  return { code: error.code, message: error.message, details: plainDetails(error.details) };
};

export const fromWireError = ({ code, message, details }: WireError): CodexpcError =>
  new CodexpcError({ code, message, details });

// Details are for people and logs: what JSON cannot express is written as text.
const plainDetails = (details: Readonly<Record<string, unknown>>): WireError['details'] =>
  JSON.parse(
    JSON.stringify(details, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
  );
