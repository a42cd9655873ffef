// The daemon's own tools, as far as some are allowed: what they need has to be there.

import type { CliConfig } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { failed, type Finding, note, ok } from './check.js';

export const checkTools = async ({ place, env }: CliContext, config: CliConfig): Promise<Finding> => {
  // Reached by dynamic import alone, as in in-process.ts.
  const { inspectTools, findSandbox } = await import('../../actors/tools/inspect-tools.js');
  const allowed = inspectTools(config, config.paths.stateFolder).filter(({ isAllowed }) => isAllowed);
  if (allowed.length === 0) return note('tools', 'the model may use none', "See 'codexpc tools'.");
  const names = allowed.map(({ name }) => name).join(', ');
  const bare = allowed.filter(({ settings }) => settings.sandbox === 'none').map(({ name }) => name);
  const confined = allowed.filter(({ needsSandbox }) => needsSandbox).map(({ name }) => name);
  const sandbox = confined.length === 0 ? null : await findSandbox(place.platform, env['PATH'] ?? '');
  if (sandbox?.hint != null)
    return failed('tools', `${confined.join(', ')} cannot run: there is no sandbox`, sandbox.hint);
  if (bare.length > 0)
    return note(
      'tools',
      `the model may use ${names}; without a sandbox: ${bare.join(', ')}`,
      'What runs without a sandbox can do all that you may do.',
    );
  return ok('tools', `the model may use ${names}${sandbox === null ? '' : '; the sandbox works'}`);
};
