// The settings as this command sees them: flags of the command line over everything else.

import { userInfo } from 'node:os';
import { dirname, resolve } from 'node:path';
import { type ConfigSources, loadConfig, type LoadedConfig } from '../config/load-config.js';
import type { Config } from '../config/settings.js';
import { type Paths, pathsOf } from '../config/place.js';
import { socketPath } from '../ipc/socket-path.js';
import type { CliContext } from './context.js';

export interface ConfigFlags {
  /** `--config FILE` */
  readonly config?: string | undefined;
  /** `--socket PATH` */
  readonly socket?: string | undefined;
  /** `--transport unix|xpc` */
  readonly transport?: string | undefined;
  readonly settings?: ConfigSources['flags'] | undefined;
}

export interface CliConfig extends LoadedConfig {
  readonly paths: Paths;
}

export const loadCliConfig = ({ place, env }: CliContext, flags: ConfigFlags): CliConfig => {
  const paths = pathsOf(place);
  const socket =
    flags.socket === undefined ? {} : { 'daemon.socket': { flag: '--socket', value: flags.socket } };
  const transport =
    flags.transport === undefined
      ? {}
      : { 'daemon.transport': { flag: '--transport', value: flags.transport } };
  const loaded = loadConfig({
    file: flags.config ?? paths.configFile,
    home: place.home,
    env,
    defaultSocket: socketPath({ ...place, uid: userInfo().uid }),
    flags: { ...flags.settings, ...socket, ...transport },
  });
  return { ...loaded, config: withAbsolutePaths(loaded), paths };
};

/** A path in the file is relative to the file, elsewhere to the folder where the command runs. */
const withAbsolutePaths = ({ config, origins, file }: LoadedConfig): Config => {
  const absolute = (
    key: 'engine.checkpoint' | 'daemon.socket' | 'tools.work_folder',
    value: string,
  ): string => resolve(origins[key].from === 'file' ? dirname(file) : '.', value);
  const checkpoint = config['engine.checkpoint'];
  const workFolder = config['tools.work_folder'];
  return {
    ...config,
    'engine.checkpoint': checkpoint === null ? null : absolute('engine.checkpoint', checkpoint),
    'daemon.socket': absolute('daemon.socket', config['daemon.socket']),
    'tools.work_folder': workFolder === null ? null : absolute('tools.work_folder', workFolder),
  };
};
