// What the model is told of a tool, and what it needs: of those that ship, and of a user's own.

import { CodexpcError } from '../../errors.js';
import type { JsonObject } from '../../harmony/conversation.js';
import { CALCULATOR_PARAMETERS } from './calculator/calculator.js';
import { CLOCK_PARAMETERS } from './clock.js';
import { LIST_DIRECTORY_PARAMETERS } from './files/list-directory.js';
import { READ_FILE_PARAMETERS } from './files/read-file.js';
import { SEARCH_FILES_PARAMETERS } from './files/search-files.js';
import { APPLY_PATCH_PARAMETERS } from './patch/apply-patch.js';
import { PATCH_GRAMMAR } from './patch/patch-grammar.js';
import { SHELL_PARAMETERS } from './shell.js';
import { isShippedTool, type OfferedTool, type ShippedTool, type ToolCommand } from './tool.js';

export interface ToolDefinition {
  readonly description: string;
  readonly parameters: JsonObject;
  /** The model is to call it with a text of this Lark grammar, not with JSON, which becomes this argument. */
  readonly freeform: { readonly argument: string; readonly grammar: string } | null;
  /** It runs programs, so it needs a sandbox. */
  readonly runsProgram: boolean;
  readonly harmony: OfferedTool['harmony'];
}

const PLAIN = { freeform: null, runsProgram: false, harmony: 'function' } as const;

export const SHIPPED: Readonly<Record<ShippedTool, ToolDefinition>> = {
  clock: { ...PLAIN, description: 'Tells the current date and time.', parameters: CLOCK_PARAMETERS },
  calculator: {
    ...PLAIN,
    description: 'Calculates an arithmetic expression, exactly where that is possible.',
    parameters: CALCULATOR_PARAMETERS,
  },
  read_file: {
    ...PLAIN,
    description: 'Returns the text of a file, or some lines of it.',
    parameters: READ_FILE_PARAMETERS,
  },
  list_directory: {
    ...PLAIN,
    description: 'Lists a folder with the sizes of its files.',
    parameters: LIST_DIRECTORY_PARAMETERS,
  },
  search_files: {
    ...PLAIN,
    description: 'Finds the lines that hold a text, in all files below a folder.',
    parameters: SEARCH_FILES_PARAMETERS,
  },
  apply_patch: {
    ...PLAIN,
    description:
      'Adds, changes, moves and deletes files of the work folder by a patch. A patch goes from "*** Begin Patch" to "*** End Patch" and has sections "*** Add File: PATH" with lines that start with "+", "*** Delete File: PATH", and "*** Update File: PATH", optionally with "*** Move to: PATH", with chunks: "@@ a line further up", then lines that start with " " (kept, three before and after a change), "-" (removed) or "+" (added).',
    parameters: APPLY_PATCH_PARAMETERS,
    freeform: { argument: 'input', grammar: PATCH_GRAMMAR },
  },
  shell: {
    ...PLAIN,
    description: 'Runs a program or a shell script in the work folder and returns what it prints.',
    parameters: SHELL_PARAMETERS,
    runsProgram: true,
  },
  // The description is the one that the models were trained with, but for what is not so here
  // (https://github.com/openai/harmony, ToolNamespaceConfig::python).
  python: {
    description: `Use this tool to execute Python code in your chain of thought. The code will not be shown to the user. This tool should be used for internal reasoning, but not for code that is intended to be visible to the user (e.g. when creating plots, tables, or files).
When you send a message containing Python code to python, it will be executed in a stateful Jupyter-like environment. python will respond with the output of the execution or time out. The current folder can be used to save and persist user files. Internet access for this session is disabled unless the user has allowed it.`,
    parameters: {},
    freeform: null,
    runsProgram: true,
    harmony: 'builtin',
  },
};

/** `command` makes a tool that does not ship. */
export const definitionOf = (name: string, command: ToolCommand | null): ToolDefinition => {
  if (isShippedTool(name)) return SHIPPED[name];
  if (command === null)
    throw new CodexpcError({
      code: 'invalid_request',
      message: `${name} is no tool that ships with codexpc, so it needs a command.`,
    });
  const { description, parameters } = command;
  return { ...PLAIN, description, parameters, runsProgram: true };
};

export const offered = (
  name: string,
  { description, parameters, freeform, harmony }: ToolDefinition,
): OfferedTool => ({
  name,
  description,
  parameters: harmony === 'builtin' || freeform !== null ? null : parameters,
  grammar: freeform?.grammar ?? null,
  harmony,
});
