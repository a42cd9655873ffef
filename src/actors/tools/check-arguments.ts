// What a model wrote as arguments → values that a tool can trust. Runs in a worker: a user's schema may hold a pattern
// that takes for ever, and then the worker is what is lost.

import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { messageOf } from '../../errors.js';
import type { JsonObject } from '../../harmony/conversation.js';

export type CheckedArguments =
  { readonly isValid: true; readonly value: unknown } | { readonly isValid: false; readonly reason: string };

export const MAX_ARGUMENTS_BYTES = 2 ** 20;
const MAX_DEPTH = 64;

export const tooLarge = (bytes: number): string =>
  `The arguments are ${bytes.toLocaleString('en')} bytes long; ${MAX_ARGUMENTS_BYTES.toLocaleString('en')} are allowed. Send less at once.`;

/** Compiled schemas are kept for as long as the checker is. */
export const createArgumentChecker = (): ((text: string, schema: JsonObject) => CheckedArguments) => {
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false, addUsedSchema: false });
  const compiled = new Map<string, ValidateFunction>();
  const compile = (schema: JsonObject): ValidateFunction => {
    const key = JSON.stringify(schema);
    const known = compiled.get(key);
    if (known !== undefined) return known;
    const validate = ajv.compile(schema);
    compiled.set(key, validate);
    return validate;
  };

  return (text, schema) => {
    const depth = nestingDepth(text);
    if (depth > MAX_DEPTH)
      return invalid(`The arguments are nested ${depth} deep; ${MAX_DEPTH} levels are allowed.`);
    let value: unknown;
    try {
      value = text.trim() === '' ? {} : JSON.parse(text);
    } catch (error) {
      return invalid(`The arguments are not valid JSON: ${messageOf(error)}.`);
    }
    const forbidden = prototypeKey(value);
    if (forbidden !== null) return invalid(`The arguments have the key ${forbidden}, which is not allowed.`);
    let validate: ValidateFunction;
    try {
      validate = compile(schema);
    } catch (error) {
      return invalid(
        `The tool's own schema is not valid JSON Schema (${messageOf(error)}). The user has to correct it in the configuration.`,
      );
    }
    return validate(value) ? { isValid: true, value } : invalid(describe(validate.errors ?? []));
  };
};

const invalid = (reason: string): CheckedArguments => ({ isValid: false, reason });

/** Of brackets outside of strings; what is no JSON has some depth too. */
const nestingDepth = (text: string): number => {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (inString) {
      if (character === '\\') i++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth);
    else if (character === '}' || character === ']') depth--;
  }
  return deepest;
};

/** Keys with which careless code changes the prototype of all objects. */
const prototypeKey = (value: unknown): string | null => {
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, inner] of Object.entries(value)) {
    if (key === '__proto__') return '"__proto__"';
    if (
      key === 'constructor' &&
      typeof inner === 'object' &&
      inner !== null &&
      Object.hasOwn(inner, 'prototype')
    )
      return '"constructor.prototype"';
    const deeper = prototypeKey(inner);
    if (deeper !== null) return deeper;
  }
  return null;
};

const describe = (errors: readonly ErrorObject[]): string => {
  const [error] = errors;
  if (error === undefined) return 'The arguments do not fit the schema of the tool.';
  const where = error.instancePath === '' ? 'The arguments' : `The argument ${error.instancePath.slice(1)}`;
  const { params, keyword, message = 'is not valid' } = error;
  // Of several types that would do, each has an error of its own.
  const types = errors
    .filter(({ keyword, instancePath }) => keyword === 'type' && instancePath === error.instancePath)
    .map(({ params }) => String(params['type']));
  if (keyword === 'type' && types.length > 1) return `${where} must be ${types.join(' or ')}.`;
  const more =
    keyword === 'additionalProperties'
      ? ` ("${params['additionalProperty']}")`
      : keyword === 'enum'
        ? ` (${JSON.stringify(params['allowedValues'])})`
        : '';
  return `${where} ${message}${more}.`;
};
