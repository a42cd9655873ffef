// Reads a file as text, within bounds.

import { closeSync, fstatSync, readSync } from 'node:fs';
import { PathError } from './rooted-path.js';

const MAX_FILE_BYTES = 16 * 2 ** 20;
/** A NUL byte in this many first ones: not text. */
const SNIFFED_BYTES = 8_192;

export interface FileText {
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

/** Closes the descriptor. Throws PathError for what is too large or no text. */
export const readText = (fd: number, path: string): FileText => {
  try {
    const { size, mode } = fstatSync(fd);
    if (size > MAX_FILE_BYTES)
      throw new PathError(
        `${JSON.stringify(path)} is ${size.toLocaleString('en')} bytes large; ${MAX_FILE_BYTES.toLocaleString('en')} can be read.`,
      );
    const buffer = Buffer.alloc(size + 1); // and one more, to see the end
    let length = 0;
    for (let read; (read = readSync(fd, buffer, length, buffer.length - length, null)) > 0;) length += read;
    const bytes = buffer.subarray(0, length);
    if (bytes.subarray(0, SNIFFED_BYTES).includes(0))
      throw new PathError(
        `${JSON.stringify(path)} is a binary file of ${length.toLocaleString('en')} bytes.`,
      );
    return { text: bytes.toString('utf8'), mode: mode & 0o777 };
  } finally {
    closeSync(fd);
  }
};
