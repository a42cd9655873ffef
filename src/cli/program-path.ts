// How this very program is started again: for the service unit and for child processes.

import { fileURLToPath } from 'node:url';

export interface ProgramPath {
  readonly node: string;
  readonly main: string;
}

export const currentProgram = (): ProgramPath => ({
  node: process.execPath,
  main: fileURLToPath(new URL('main.js', import.meta.url)),
});

/** The folder that holds package.json, `models/` and `build/`: compiled files are in build/js/src/cli. */
export const packageFolder = (): string => fileURLToPath(new URL('../../../../', import.meta.url));

export const pocketModel = (): string => `${packageFolder()}models/pocket/model.bin`;
