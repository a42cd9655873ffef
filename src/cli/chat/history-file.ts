// The lines typed in earlier chats. Losing them harms nobody: what cannot be read or written is left alone.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

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
    writeFileSync(file, `${[...newestFirst].reverse().join('\n')}\n`, { mode: 0o600 });
  } catch {
    // A read-only home or a full disk: this chat still works.
  }
};
