// The `read_file` tool.

import { answer, failure, type ToolAnswer } from '../tool-answer.js';
import { openFile, type Roots } from './rooted-path.js';
import { readText } from './text-file.js';

export interface ReadFileArguments {
  readonly path: string;
  readonly start_line?: number;
  readonly max_lines?: number;
}

export const READ_FILE_PARAMETERS = {
  type: 'object',
  properties: {
    path: { type: 'string', minLength: 1, description: 'relative to the work folder, or absolute' },
    start_line: { type: 'integer', minimum: 1, description: 'first line, counted from 1' },
    max_lines: { type: 'integer', minimum: 1, description: 'how many lines' },
  },
  required: ['path'],
  additionalProperties: false,
} as const;

export const runReadFile = (
  { path, start_line = 1, max_lines }: ReadFileArguments,
  roots: Roots,
): ToolAnswer => {
  const { text } = readText(openFile(roots, path), path);
  if (start_line === 1 && max_lines === undefined) return answer(text === '' ? '(the file is empty)' : text);
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  if (start_line > lines.length) return failure(`${JSON.stringify(path)} has ${lines.length} lines.`);
  const last = Math.min(lines.length, start_line - 1 + (max_lines ?? Infinity));
  const part = lines.slice(start_line - 1, last).join('\n');
  return answer(`${part}\n[lines ${start_line} to ${last} of ${lines.length}]`);
};
