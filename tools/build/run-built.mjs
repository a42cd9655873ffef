// Builds what is out of date, then runs the command line in this same process.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { MAIN, staleSteps } from './steps.mjs';

/** @param {string} root the repository  @param {string[]} args the command line after `codexpc` */
export async function runBuilt(root, args) {
  if (staleSteps(root, 'app').length > 0 && !(await isBuiltNow(root))) return;
  const { runAsProgram } = createRequire(import.meta.url)(join(root, MAIN));
  await runAsProgram(args);
}

async function isBuiltNow(root) {
  const { ensureBuilt } = await import('./ensure-built.mjs');
  const { reportFailure } = await import('./failure.mjs');
  try {
    await ensureBuilt(root);
    return true;
  } catch (error) {
    process.exitCode = reportFailure(error);
    return false;
  }
}
