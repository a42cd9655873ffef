// The `search_files` tool: lines that hold a text or match a pattern. A pattern that takes for ever takes its worker
// with it when the call's time is over.

import { readdirSync } from 'node:fs';
import { answer, failure, type ToolAnswer } from '../tool-answer.js';
import { within } from './list-directory.js';
import { type OpenFolder, openFileIn, openFolder, type Roots } from './rooted-path.js';
import { readText } from './text-file.js';

export interface SearchFilesArguments {
  readonly query: string;
  readonly regex?: boolean;
  readonly ignore_case?: boolean;
  readonly path?: string;
  readonly name?: string;
}

export const SEARCH_FILES_PARAMETERS = {
  type: 'object',
  properties: {
    query: { type: 'string', minLength: 1, maxLength: 1_000, description: 'text to find in a line' },
    regex: { type: 'boolean', description: 'the query is a JavaScript regular expression' },
    ignore_case: { type: 'boolean' },
    path: { type: 'string', minLength: 1, description: 'folder to search; default: the work folder' },
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description: 'only files with such a name, for example "*.ts"',
    },
  },
  required: ['query'],
  additionalProperties: false,
} as const;

const MAX_MATCHES = 200;
const MAX_FILES = 50_000;
const MAX_DEPTH = 40;
const MAX_LINE_CHARACTERS = 300;
/** What version control keeps for itself. */
const SKIPPED = new Set(['.git', '.hg', '.svn']);

/** One line a match: `src/a.ts:12: text`. Links are not followed, binary files are left out. */
export const runSearchFiles = (args: SearchFilesArguments, roots: Roots): ToolAnswer => {
  const { query, regex = false, ignore_case = false, path = '.', name } = args;
  let pattern: RegExp;
  try {
    pattern = new RegExp(regex ? query : escaped(query), ignore_case ? 'iu' : 'u');
  } catch {
    return failure(
      `${JSON.stringify(query)} is no valid regular expression. Without "regex" it is taken as text.`,
    );
  }
  const names = name === undefined ? null : wildcard(name);
  const matches: string[] = [];
  let numFiles = 0;

  const searchFile = (folder: OpenFolder, fileName: string, shown: string): void => {
    textIn(folder, fileName)
      ?.split('\n')
      .forEach((line, i) => {
        if (matches.length < MAX_MATCHES && pattern.test(line))
          matches.push(`${shown}:${i + 1}: ${line.trimEnd().slice(0, MAX_LINE_CHARACTERS)}`);
      });
  };
  const search = (folder: OpenFolder, prefix: string, depth: number): void => {
    const entries = readdirSync(folder.path, { withFileTypes: true });
    for (const entry of entries.sort((left, right) => (left.name < right.name ? -1 : 1))) {
      if (matches.length >= MAX_MATCHES || numFiles >= MAX_FILES) return;
      const shown = prefix + entry.name;
      if (entry.isFile() && names?.test(entry.name) !== false) {
        numFiles++;
        searchFile(folder, entry.name, shown);
      } else if (entry.isDirectory() && depth < MAX_DEPTH && !SKIPPED.has(entry.name)) {
        within(folder, entry.name, (inner) => search(inner, `${shown}/`, depth + 1));
      }
    }
  };

  const folder = openFolder(roots, path);
  try {
    search(folder, path === '.' ? '' : `${path.replace(/\/+$/, '')}/`, 0);
  } finally {
    folder.close();
  }
  const notes = [
    ...(matches.length >= MAX_MATCHES ? [`[only the first ${MAX_MATCHES} matches]`] : []),
    ...(numFiles >= MAX_FILES
      ? [`[only the first ${MAX_FILES.toLocaleString('en')} files were searched]`]
      : []),
  ];
  if (matches.length === 0) return answer([`No match in ${numFiles} files.`, ...notes].join('\n'));
  return answer([...matches, ...notes].join('\n'));
};

/** null: gone meanwhile, not ours to read, too large or no text. */
const textIn = (folder: OpenFolder, name: string): string | null => {
  try {
    return readText(openFileIn(folder, name, name), name).text;
  } catch {
    return null;
  }
};

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

const wildcard = (name: string): RegExp =>
  new RegExp(
    `^${name
      .split(/\*+/)
      .map((part) => escaped(part).replaceAll('\\?', '.'))
      .join('.*')}$`,
    'u',
  );
