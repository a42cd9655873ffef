// A machine's context as the debug view may show it: figures, and the few texts that name things. Everything else, such
// as what a tool wrote, is told by its size. Pure.

import type { JsonObject, JsonValue } from '../ipc/messages/define.js';

/** Keys whose texts are names, ids or codes and never a user's or a model's words. */
const NAMES: ReadonlySet<string> = new Set([
  'callId',
  'checkpoint',
  'code',
  'finishReason',
  'limit',
  'owner',
  'requestId',
  'signal',
  'toolCalls',
  'type',
]);
const MAX_DEPTH = 3;

export const summaryOf = (context: unknown): JsonObject =>
  isObject(context) ? summariseObject(context, 0) : {};

const summariseObject = (value: Readonly<Record<string, unknown>>, depth: number): JsonObject => {
  const summary: Record<string, JsonValue> = {};
  for (const [key, inner] of Object.entries(value)) {
    const summarised = summarise(key, inner, depth);
    if (summarised !== undefined) summary[key] = summarised;
  }
  return summary;
};

const summarise = (key: string, value: unknown, depth: number): JsonValue | undefined => {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'string':
      return NAMES.has(key) ? value : `${value.length} characters`;
    case 'object':
      if (value === null) return null;
      if (value instanceof Error) return codeOf(value);
      if (Array.isArray(value)) return `${value.length} items`;
      return depth === MAX_DEPTH ? undefined : summariseObject(value as Record<string, unknown>, depth + 1);
    default:
      return undefined; // functions
  }
};

const codeOf = (error: Error): string => {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
