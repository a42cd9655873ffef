// `codexpc doctor`: every check, a line each; exit code 1 when one failed.

import { CodexpcError } from '../../errors.js';
import { type CliConfig, type ConfigFlags, loadCliConfig } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { plural } from '../format.js';
import { harmless, type Paint, paintFor } from '../terminal-text.js';
import { failed, type Finding, ok } from './check.js';
import { checkEngine } from './check-engine.js';
import { checkHttp } from './check-http.js';
import { checkDaemon, checkDisk, checkNode, checkService, checkSocket, checkXpc } from './check-system.js';
import { checkTools } from './check-tools.js';

export const doctor = async (
  context: CliContext,
  flags: ConfigFlags & { readonly json: boolean },
): Promise<number> => {
  const findings: Finding[] = [];
  const paint = paintFor(context.stdout, context.env);
  for await (const finding of examine(context, flags)) {
    findings.push(finding);
    if (!flags.json) context.stdout.write(describe(finding, paint));
  }
  const numFailed = findings.filter(({ status }) => status === 'failed').length;
  if (flags.json) context.stdout.write(`${JSON.stringify(findings)}\n`);
  else
    context.stdout.write(
      numFailed === 0 ? 'Everything is in order.\n' : `${plural(numFailed, 'check')} failed.\n`,
    );
  return numFailed === 0 ? EXIT.ok : EXIT.unhealthy;
};

async function* examine(context: CliContext, flags: ConfigFlags): AsyncGenerator<Finding> {
  yield checkNode(process.versions.node);
  const loaded = configOrFinding(context, flags);
  if (!('config' in loaded)) {
    yield loaded; // without settings nothing else can be looked at in the right place
    return;
  }
  yield ok('settings', loaded.fileExists ? loaded.file : `${loaded.file} (not there; none is required)`);
  yield* await checkEngine(loaded.config);
  yield await checkDisk(loaded);
  yield checkSocket(loaded, context.place.platform);
  yield await checkTools(context, loaded);
  yield await checkDaemon(loaded);
  yield await checkHttp(loaded);
  if (context.place.platform === 'darwin') yield checkXpc(context);
  yield await checkService(context, loaded);
}

const configOrFinding = (context: CliContext, flags: ConfigFlags): CliConfig | Finding => {
  try {
    return loadCliConfig(context, flags);
  } catch (error) {
    if (error instanceof CodexpcError)
      return failed('settings', error.message, 'Correct the file, or remove it.');
    throw error;
  }
};

const describe = ({ name, status, text, next }: Finding, { green, red, yellow, dim }: Paint): string => {
  const mark = { ok: green('ok    '), note: yellow('note  '), failed: red('FAILED') }[status];
  const advice = next === null ? '' : `${' '.repeat(18)}${next}\n`;
  return `${mark}  ${dim(name.padEnd(10))}${harmless(text)}\n${advice}`;
};
