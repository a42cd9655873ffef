// What goes wrong while building, as a person should read it: one sentence and, where known, what to do.

export class BuildFailure extends Error {
  /**
   * @param {string} message one sentence
   * @param {{ next?: string, output?: string, exitCode?: number }} [more] `exitCode`: 100 is the operator's to
   *   correct, 111 a failure of the system (see src/cli/README.md)
   */
  constructor(message, { next = '', output = '', exitCode = 111 } = {}) {
    super(message);
    this.next = next;
    this.output = output;
    this.exitCode = exitCode;
  }
}

/** Prints a failure to stderr and returns the exit code. Anything unforeseen keeps its stack. */
export function reportFailure(error) {
  if (!(error instanceof BuildFailure)) {
    process.stderr.write(`codexpc: the build failed unexpectedly: ${error?.stack ?? error}\n`);
    return 111;
  }
  if (error.output) process.stderr.write(`${error.output.trimEnd()}\n`);
  process.stderr.write(`codexpc: ${error.message}${error.next ? `\n  ${error.next}` : ''}\n`);
  return error.exitCode;
}

const UNWRITABLE = new Set(['EACCES', 'EPERM', 'EROFS']);

/** Runs a file operation of the build; a folder that cannot be written gets its sentence. */
export function writing(folder, operation) {
  try {
    return operation();
  } catch (error) {
    if (UNWRITABLE.has(error.code)) {
      throw new BuildFailure(`cannot build: ${folder} is not writable (${error.code}).`, {
        next: 'Build in a folder that you own, for example a clone in your home folder.',
        exitCode: 100,
      });
    }
    if (error.code === 'ENOSPC') {
      throw new BuildFailure(`cannot build: no space left on the disk of ${folder}.`, {
        next: 'About 400 MB are needed; free some and try again.',
      });
    }
    throw error;
  }
}
