import { accessSync, constants } from 'node:fs';
import { delimiter } from 'node:path';

/**
 * The folders of a PATH in which one may look. A shell that meets another one says of a program that is nowhere that it
 * may not be run (exit code 126), not that there is none (127).
 */
export const usablePath = (path: string): string =>
  path
    .split(delimiter)
    .filter((folder) => folder !== '' && mayEnter(folder))
    .join(delimiter);

const mayEnter = (folder: string): boolean => {
  try {
    accessSync(folder, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
