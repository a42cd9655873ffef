// The settings as this command sees them: flags of the command line over everything else.

import { userInfo } from 'node:os';
import { type ConfigSources, loadConfig, type LoadedConfig } from '../config/load-config.js';
import { type Paths, pathsOf } from '../config/place.js';
import { socketPath } from '../ipc/socket-path.js';
import type { CliContext } from './context.js';

export interface ConfigFlags {
  /** `--config FILE` */
  readonly config?: string | undefined;
  /** `--socket PATH` */
  readonly socket?: string | undefined;
  readonly settings?: ConfigSources['flags'] | undefined;
}

export interface CliConfig extends LoadedConfig {
  readonly paths: Paths;
}

export const loadCliConfig = ({ place, env }: CliContext, flags: ConfigFlags): CliConfig => {
  const paths = pathsOf(place);
  const socket =
    flags.socket === undefined ? {} : { 'daemon.socket': { flag: '--socket', value: flags.socket } };
  const loaded = loadConfig({
    file: flags.config ?? paths.configFile,
    home: place.home,
    env,
    defaultSocket: socketPath({ ...place, uid: userInfo().uid }),
    flags: { ...flags.settings, ...socket },
  });
  return { ...loaded, paths };
};
