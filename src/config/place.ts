// Where codexpc keeps its own files on this system.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { SERVICE_LABEL } from '../service-label.js';

export interface Place {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

export interface Paths {
  readonly configFile: string;
  readonly logFile: string;
  /** Chat history and the like. */
  readonly stateFolder: string;
  readonly systemdUserFolder: string;
  /** Snapshots of prompts' beginnings. */
  readonly prefixFolder: string;
}

export const SNAPSHOT_SUFFIX = '.prefix';

/** A snapshot, or one that was not finished. */
export const isSnapshotFile = (name: string): boolean =>
  /^[0-9a-f]+-[0-9a-f]+\.prefix(?:\.\d+\.tmp)?$/.test(name);

export const currentPlace = (env: Place['env'] = process.env): Place => ({
  platform: process.platform,
  env,
  home: env['HOME'] ?? homedir(),
});

export const pathsOf = ({ platform, env, home }: Place): Paths => {
  const base = (variable: string, fallback: string): string => {
    const value = env[variable];
    return value?.startsWith('/') === true ? value : join(home, fallback); // relative ones are to be ignored
  };
  if (platform === 'darwin') {
    const support = join(home, 'Library', 'Application Support', 'codexpc');
    return {
      configFile: join(support, 'config.toml'),
      logFile: join(home, 'Library', 'Logs', `${SERVICE_LABEL}.err.log`),
      stateFolder: support,
      systemdUserFolder: join(home, '.config', 'systemd', 'user'),
      prefixFolder: join(home, 'Library', 'Caches', 'codexpc', 'prefixes'),
    };
  }
  const stateFolder = join(base('XDG_STATE_HOME', '.local/state'), 'codexpc');
  return {
    configFile: join(base('XDG_CONFIG_HOME', '.config'), 'codexpc', 'config.toml'),
    logFile: join(stateFolder, 'daemon.log'),
    stateFolder,
    systemdUserFolder: join(base('XDG_CONFIG_HOME', '.config'), 'systemd', 'user'),
    prefixFolder: join(base('XDG_CACHE_HOME', '.cache'), 'codexpc', 'prefixes'),
  };
};
