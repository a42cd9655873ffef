// Starts the installed service when nothing answers at the socket. With socket activation this is never needed.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CodexpcError } from '../errors.js';
import { SERVICE_LABEL } from '../service-label.js';

export interface Service {
  readonly unitFile: string;
  readonly command: readonly [program: string, ...args: string[]];
}

export interface ServicePlace {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
  readonly uid: number;
}

/** Where `codexpc install` puts the service, and how its manager is asked to start it. */
export const serviceOf = ({ platform, env, home, uid }: ServicePlace): Service => {
  if (platform === 'darwin') {
    return {
      unitFile: join(home, 'Library', 'LaunchAgents', `${SERVICE_LABEL}.plist`),
      command: ['launchctl', 'kickstart', `gui/${uid}/${SERVICE_LABEL}`],
    };
  }
  return {
    unitFile: join(env['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'systemd', 'user', 'codexpc.service'),
    command: ['systemctl', '--user', 'start', 'codexpc.service'],
  };
};

/** Errors: io_error when the service is not installed or its manager refuses. */
export const startInstalledService = async (): Promise<void> => {
  const { unitFile, command } = serviceOf({
    platform: process.platform,
    env: process.env,
    home: homedir(),
    uid: process.getuid?.() ?? 0,
  });
  if (!existsSync(unitFile)) {
    throw new CodexpcError({
      code: 'io_error',
      message: `The daemon does not run and its service is not installed (no ${unitFile}). Start it with 'codexpc daemon', or run 'codexpc install'.`,
      details: { unitFile },
    });
  }
  const [program, ...args] = command;
  await new Promise<void>((resolve, reject) => {
    execFile(program, args, { timeout: 30_000 }, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(serviceRefused(command, stderr.trim() || error.message, error));
    });
  });
};

const serviceRefused = (command: readonly string[], reason: string, cause: unknown): CodexpcError =>
  new CodexpcError({
    code: 'io_error',
    message: `The daemon's service did not start: '${command.join(' ')}' said ${JSON.stringify(reason)}. Run 'codexpc doctor'.`,
    cause,
  });
