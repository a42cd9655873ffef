// Builds what is out of date, then runs the command line in this same process.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './ensure-built.mjs';
import { reportFailure } from './failure.mjs';

/** @param {string} root the repository  @param {string[]} args the command line after `codexpc` */
export async function runBuilt(root, args) {
  try {
    await ensureBuilt(root);
  } catch (error) {
    process.exitCode = reportFailure(error);
    return;
  }
  const { runAsProgram } = await import(pathToFileURL(join(root, 'build/js/src/cli/main.js')).href);
  await runAsProgram(args);
}
