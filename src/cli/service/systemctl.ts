// Talks to the user's service manager. Every failure is one sentence.

import { execFile } from 'node:child_process';
import { CodexpcError } from '../../errors.js';

const TIMEOUT_MS = 90_000;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `systemctl --user …`. A non-zero exit is a result; a missing program is null. */
export const systemctl = (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<CommandResult | null> =>
  new Promise((resolve) => {
    const options = { env: { ...env, LC_ALL: 'C' }, timeout: TIMEOUT_MS, encoding: 'utf8' } as const;
    execFile('systemctl', ['--user', '--no-pager', ...args], options, (error, stdout, stderr) => {
      if (error !== null && error.code === 'ENOENT') resolve(null);
      else
        resolve({
          code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1,
          stdout,
          stderr,
        });
    });
  });

export type ManagerState = 'running' | 'no_systemd' | 'no_session';

/** Whether this user has a systemd instance that can be asked. */
export const managerState = async (
  env: Readonly<Record<string, string | undefined>>,
): Promise<ManagerState> => {
  const answer = await systemctl(['is-system-running'], env);
  if (answer === null) return 'no_systemd';
  // "degraded", "starting" and so on are states of a manager that answers; "offline" and no bus are not.
  const state = answer.stdout.trim();
  if (/failed to connect|no medium found|not been booted/i.test(answer.stderr)) return 'no_session';
  return state === '' || state === 'offline' || state === 'unknown' ? 'no_session' : 'running';
};

export const serviceManagerMissing = (state: Exclude<ManagerState, 'running'>): CodexpcError =>
  new CodexpcError({
    code: 'unsupported_system',
    message:
      state === 'no_systemd'
        ? "This system has no systemd, so there is no background service to install. Run 'codexpc daemon' in a terminal, or under your own service manager."
        : "The systemd instance of this user does not answer (no login session?). Log in as this user, or run 'loginctl enable-linger' once; or run 'codexpc daemon' in a terminal.",
  });

/** Runs a command that has to succeed. */
export const requireSystemctl = async (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> => {
  const result = await systemctl(args, env);
  if (result === null) throw serviceManagerMissing('no_systemd');
  if (result.code === 0) return;
  const reason = result.stderr.trim().split('\n')[0] ?? '';
  throw new CodexpcError({
    code: 'unsupported_system',
    message: `'systemctl --user ${args.join(' ')}' failed: ${reason === '' ? `exit code ${result.code}` : reason}. See 'journalctl --user -u codexpc'.`,
  });
};
