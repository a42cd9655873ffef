// The LaunchAgent on macOS: installed and removed by the scripts of packaging/, which show what they do; and its state.

import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { CodexpcError } from '../../errors.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { packageFolder } from '../program-path.js';

/** The script's own sentence says what failed; its exit code becomes ours. */
export const runAgentScript = (
  { env }: CliContext,
  script: 'install-agent.sh' | 'uninstall-agent.sh',
  label: string,
  { dryRun }: { readonly dryRun: boolean },
): Promise<number> => {
  const file = join(packageFolder(), 'packaging', script);
  const args = [file, '--label', label, ...(dryRun ? ['--dry-run'] : [])];
  return new Promise((resolve, reject) => {
    spawn('/bin/sh', args, { env: { ...env }, stdio: 'inherit' })
      .once('error', (cause) =>
        reject(
          new CodexpcError({
            code: 'unsupported_system',
            message: `The script ${file} cannot be run (${cause.message}). Run it from a checkout of codexpc.`,
            cause,
          }),
        ),
      )
      .once('close', (code) => resolve(code === 0 ? EXIT.ok : EXIT.systemFailure));
  });
};

export type AgentState = 'not_installed' | 'not_loaded' | 'loaded' | 'running';

/** What launchd says of the agent. A launchctl that is missing counts as one that knows nothing. */
export const agentState = (
  { place, env }: Pick<CliContext, 'place' | 'env'>,
  label: string,
): Promise<AgentState> => {
  if (!existsSync(join(place.home, 'Library', 'LaunchAgents', `${label}.plist`)))
    return Promise.resolve('not_installed');
  const service = `gui/${userInfo().uid}/${label}`;
  return new Promise((resolve) => {
    execFile('launchctl', ['print', service], { env: { ...env }, timeout: 10_000 }, (error, stdout) => {
      if (error !== null) resolve('not_loaded');
      else resolve(/^\s*state = running$/m.test(stdout) ? 'running' : 'loaded');
    });
  });
};
