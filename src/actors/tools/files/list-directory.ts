// The `list_directory` tool.

import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { answer, type ToolAnswer } from '../tool-answer.js';
import { type OpenFolder, openFolder, openFolderIn, type Roots } from './rooted-path.js';

export interface ListDirectoryArguments {
  readonly path?: string;
  readonly depth?: number;
}

export const LIST_DIRECTORY_PARAMETERS = {
  type: 'object',
  properties: {
    path: {
      type: 'string',
      minLength: 1,
      description: 'relative to the work folder, or absolute; default: the work folder',
    },
    depth: { type: 'integer', minimum: 1, maximum: 8, description: 'levels of folders to show; default: 1' },
  },
  additionalProperties: false,
} as const;

const MAX_ENTRIES = 2_000;

/** One line an entry: `src/`, `README.md  1,204`, `link -> target`. Links are shown, not followed. */
export const runListDirectory = (
  { path = '.', depth = 1 }: ListDirectoryArguments,
  roots: Roots,
): ToolAnswer => {
  const lines: string[] = [];
  const list = (folder: OpenFolder, indent: string, levels: number): void => {
    for (const name of readdirSync(folder.path).sort()) {
      if (lines.length >= MAX_ENTRIES) return;
      const status = lstatSync(join(folder.path, name), { throwIfNoEntry: false });
      if (status === undefined) continue; // gone meanwhile
      if (status.isSymbolicLink()) lines.push(`${indent}${name} -> ${readlinkSync(join(folder.path, name))}`);
      else if (!status.isDirectory()) lines.push(`${indent}${name}  ${status.size.toLocaleString('en')}`);
      else {
        lines.push(`${indent}${name}/`);
        if (levels > 1) within(folder, name, (inner) => list(inner, `${indent}  `, levels - 1));
      }
    }
  };
  const folder = openFolder(roots, path);
  try {
    list(folder, '', depth);
  } finally {
    folder.close();
  }
  if (lines.length === 0) return answer('(the folder is empty)');
  if (lines.length >= MAX_ENTRIES) lines.push(`[only the first ${MAX_ENTRIES.toLocaleString('en')} entries]`);
  return answer(lines.join('\n'));
};

/** Leaves out a folder that cannot be opened: gone meanwhile, or not ours to read. */
export const within = (folder: OpenFolder, name: string, work: (inner: OpenFolder) => void): void => {
  let inner: OpenFolder;
  try {
    inner = openFolderIn(folder, name);
  } catch {
    return;
  }
  try {
    work(inner);
  } finally {
    inner.close();
  }
};
