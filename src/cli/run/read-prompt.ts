// Finds the prompt: the arguments, a file, standard input. Only text is a prompt; anything else is refused with its reason.

import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { CodexpcError } from '../../errors.js';
import type { InputStream } from '../context.js';
import { UsageError } from '../exit-codes.js';
import { formatBytes } from '../format.js';

/** Below the largest frame of the protocol, with room for the rest of the request. */
const MAX_PROMPT_BYTES = 8 * 1024 * 1024;

export interface PromptSources {
  /** Words of the command line; `-` stands for standard input. */
  readonly words: readonly string[];
  readonly file: string | null;
  readonly stdin: () => InputStream;
}

/** Parts are joined by an empty line: words first, then the file. Errors: invalid_request, io_error. */
export const readPrompt = async ({ words, file, stdin }: PromptSources): Promise<string> => {
  const typed = words.filter((word) => word !== '-').join(' ');
  const parts = typed === '' ? [] : [typed];
  if (file !== null) parts.push(await readText(createReadStream(file), file));
  if (words.includes('-') || (words.length === 0 && file === null)) {
    const input = stdin();
    if (input.isTTY === true && !words.includes('-')) throw nothingToAnswer();
    parts.push(await readText(input, 'standard input'));
  }
  const prompt = parts.join('\n\n');
  if (prompt.trim() === '') throw nothingToAnswer();
  if (prompt.includes('\0')) throw notText('the prompt', 'it contains a NUL character');
  return prompt;
};

const nothingToAnswer = (): UsageError =>
  new UsageError(
    'the prompt is empty. Give one as an argument (codexpc run "Hello"), with --file, or on standard input.',
  );

const readText = async (source: Readable, name: string): Promise<string> => {
  // Decoded piece by piece, so that an endless or binary source is refused at once.
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let numBytes = 0;
  try {
    for await (const chunk of source) {
      const bytes = chunk as Buffer;
      numBytes += bytes.length;
      if (bytes.includes(0)) throw notText(name, 'it contains a NUL byte');
      if (numBytes > MAX_PROMPT_BYTES) throw tooLarge(name);
      text += decode(decoder, bytes, name);
    }
  } catch (error) {
    throw error instanceof CodexpcError ? error : unreadable(name, error as NodeJS.ErrnoException);
  } finally {
    source.destroy();
  }
  return text + decode(decoder, null, name);
};

const decode = (decoder: TextDecoder, bytes: Uint8Array | null, name: string): string => {
  try {
    return bytes === null ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw notText(name, 'it is not valid UTF-8');
  }
};

const notText = (name: string, reason: string): CodexpcError =>
  new CodexpcError({
    code: 'invalid_request',
    message: `Cannot read the prompt from ${name}: ${reason}. A prompt is text in UTF-8.`,
  });

const tooLarge = (name: string): CodexpcError =>
  new CodexpcError({
    code: 'invalid_request',
    message: `Cannot read the prompt from ${name}: it is larger than ${formatBytes(MAX_PROMPT_BYTES)}. Shorten it.`,
  });

const unreadable = (name: string, cause: NodeJS.ErrnoException): CodexpcError =>
  new CodexpcError({
    code: cause.code === 'ENOENT' || cause.code === 'EISDIR' ? 'invalid_request' : 'io_error',
    message: `Cannot read the prompt from ${name}: ${REASONS[cause.code ?? ''] ?? cause.message}.`,
    cause,
  });

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'permission denied',
};
