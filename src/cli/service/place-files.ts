// Puts files where they belong, only when they differ, never half written.

import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodexpcError } from '../../errors.js';
import { writeWholeFile } from '../../whole-file.js';

/**
 * True when the file was written, false when it was already so. `shownBy`: the command that prints what would be
 * written. Errors: io_error.
 */
export const placeFile = (file: string, content: string, shownBy = 'codexpc install --dry-run'): boolean => {
  if (readOrNull(file) === content) return false;
  explained(file, shownBy, () => {
    mkdirSync(dirname(file), { recursive: true });
    writeWholeFile({ path: file, mode: 0o644, parts: [Buffer.from(content)] });
  });
  return true;
};

/** True when there was one. */
export const removeFile = (file: string): boolean => {
  if (readOrNull(file) === null) return false;
  explained(file, 'codexpc uninstall --dry-run', () => rmSync(file));
  return true;
};

export const readOrNull = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null; // Missing or unreadable: writing will say why.
  }
};

const explained = (file: string, shownBy: string, operation: () => void): void => {
  try {
    operation();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CodexpcError({
      code: 'io_error',
      message: `Cannot write ${file}: ${REASONS[code ?? ''] ?? code}. Make its folder writable, or do it yourself from '${shownBy}'.`,
      cause: error,
    });
  }
};

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on the disk',
  ENOTDIR: 'a part of its path is not a folder',
};
