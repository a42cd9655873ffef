// The lines typed in earlier chats. Losing them harms nobody: what cannot be read or written is left alone.

import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { writeWholeFile } from '../../whole-file.js';

export const historyFile = (stateFolder: string): string => join(stateFolder, 'chat-history');

/** Newest first, as the line editor wants it. */
export const readHistory = (file: string): string[] => {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .reverse();
  } catch {
    return []; // the first chat, or an unreadable file
  }
};

export const writeHistory = (file: string, newestFirst: readonly string[]): void => {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const text = `${[...newestFirst].reverse().join('\n')}\n`;
    writeWholeFile({ path: file, mode: 0o600, parts: [Buffer.from(text)] });
  } catch {
    // A read-only home or a full disk: this chat still works.
  }
};
