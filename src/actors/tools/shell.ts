// The `shell` tool: a program with its arguments, or a script, in the work folder.

import { existsSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { failure, type ToolAnswer } from './tool-answer.js';

export interface ShellArguments {
  /** A program and its arguments, or a script. */
  readonly command: readonly [string, ...string[]] | string;
  readonly workdir?: string;
  readonly timeout_ms?: number;
}

export const SHELL_PARAMETERS = {
  type: 'object',
  properties: {
    command: {
      description: 'a program with its arguments as a list, or a shell script as one string',
      anyOf: [
        { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 1_024 },
        { type: 'string', minLength: 1 },
      ],
    },
    workdir: { type: 'string', description: 'folder to start in, within the work folder' },
    timeout_ms: { type: 'integer', minimum: 1, description: 'how long it may run' },
  },
  required: ['command'],
  additionalProperties: false,
} as const;

/** A failure when the folder is not to be had. */
export const planShell = (
  { command, workdir = '.' }: ShellArguments,
  { workFolder }: { readonly workFolder: string },
): { readonly argv: readonly [string, ...string[]]; readonly startFolder: string } | ToolAnswer => {
  const startFolder = folderWithin(workFolder, workdir);
  if (startFolder === null)
    return failure(`${JSON.stringify(workdir)} is not a folder within the work folder ${workFolder}.`);
  if (typeof command !== 'string') return { argv: command, startFolder };
  return { argv: [existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh', '-c', command], startFolder };
};

const folderWithin = (workFolder: string, path: string): string | null => {
  try {
    const folder = realpathSync(resolve(workFolder, path));
    const way = relative(workFolder, folder);
    const isWithin = way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
    return isWithin && statSync(folder).isDirectory() ? folder : null;
  } catch {
    return null;
  }
};
