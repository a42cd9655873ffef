// `--tool` and `--tool-output`: tools that the model may call, and fixed answers to their calls.

import { readFileSync } from 'node:fs';
import * as z from 'zod';
import { CodexpcError } from '../../errors.js';
import type { Tool } from '../../ipc/protocol.js';
import { UsageError } from '../exit-codes.js';

const Name = z.string().regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, "_", "-" or "."');
const Function = z
  .object({
    name: Name,
    description: z.string().default(''),
    parameters: z.record(z.string(), z.json()).nullable().default(null),
    strict: z
      .boolean()
      .nullish()
      .transform((strict) => strict ?? false),
  })
  .transform((declared) => ({ kind: 'function' as const, ...declared }));
const Freeform = z
  .object({
    type: z.literal('custom'),
    name: Name,
    description: z.string().default(''),
    format: z
      .object({ syntax: z.enum(['lark', 'regex']), definition: z.string() })
      .nullish()
      .catch(null) // {"type": "text"}
      .transform((grammar) => grammar ?? null),
  })
  .transform(({ name, description, format }) => ({
    kind: 'freeform' as const,
    name,
    description,
    grammar: format,
  }));
/** Bare, as OpenAI's Responses API writes it, or as its Chat Completions API does (`{type, function}`). */
const ToolFile = z.union([
  Freeform,
  Function,
  z.object({ function: Function }).transform((wrapped) => wrapped.function),
]);

/** A declaration as JSON, or the name of a file that holds one or a list of them. */
export const parseTool = (argument: string): Tool[] => {
  const isJson = /^\s*[[{]/.test(argument);
  const place = isJson ? '--tool' : argument;
  const value = parseJson(isJson ? argument : readDeclaration(argument), place);
  return (Array.isArray(value) ? value : [value]).map((item) => {
    const tool = ToolFile.safeParse(item);
    if (tool.success) return tool.data;
    const issue = z.prettifyError(tool.error).split('\n')[0] ?? '';
    throw invalidTool(`${place} is not a function declaration (${issue.replace(/^✖ /, '')})`);
  });
};

/** `NAME=TEXT`. Every call of the function is answered with the text. */
export const parseToolOutput = (argument: string): readonly [name: string, output: string] => {
  const split = argument.indexOf('=');
  if (split < 1) throw new UsageError(`--tool-output needs NAME=TEXT, not ${JSON.stringify(argument)}.`);
  return [argument.slice(0, split), argument.slice(split + 1)];
};

const readDeclaration = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw invalidTool(`the file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
};

const parseJson = (text: string, place: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidTool(`${place} is not JSON (${(error as Error).message})`);
  }
};

const invalidTool = (reason: string): CodexpcError =>
  new CodexpcError({
    code: 'invalid_request',
    message: `Cannot offer the tool: ${reason}. Give {"name": …, "description": …, "parameters": JSON schema}.`,
  });
