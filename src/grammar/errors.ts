import { CodexpcError } from '../errors.js';

/** `problem` names the keyword or the construct. */
export const unsupportedGrammar = (problem: string): CodexpcError =>
  new CodexpcError({ code: 'unsupported_option', message: problem });

/** The same problem with the thing that has it named; anything else as it is. */
export const inPlace = (place: string, error: unknown): unknown =>
  error instanceof CodexpcError
    ? new CodexpcError({ code: error.code, message: `${place} cannot be enforced: ${error.message}.` })
    : error;
