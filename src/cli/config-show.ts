// `codexpc config show`: every effective value and where it came from, as TOML that could be the file.

import { stringify } from 'smol-toml';
import type { Origin } from '../config/load-config.js';
import type { SettingKey } from '../config/settings.js';
import { type CliConfig, type ConfigFlags, loadCliConfig } from './cli-config.js';
import type { CliContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { paintFor } from './terminal-text.js';

export const configShow = (context: CliContext, flags: ConfigFlags & { readonly json: boolean }): number => {
  const loaded = loadCliConfig(context, flags);
  const { dim } = paintFor(context.stdout, context.env);
  context.stdout.write(flags.json ? `${JSON.stringify(asJson(loaded), null, 2)}\n` : asToml(loaded, dim));
  return EXIT.ok;
};

const asJson = ({ config, origins, file, fileExists }: CliConfig) => ({
  file,
  fileExists,
  settings: Object.fromEntries(keysOf(config).map((key) => [key, { value: config[key], ...origins[key] }])),
});

const asToml = ({ config, origins, file, fileExists }: CliConfig, dim: (text: string) => string): string => {
  const lines = [dim(`# ${file}${fileExists ? '' : ' (not there; no setting is required)'}`)];
  let table = '';
  for (const key of keysOf(config)) {
    const [name = '', setting = ''] = key.split('.');
    if (name !== table) lines.push('', `[${name}]`);
    table = name;
    const value = tomlValue(key, config[key]);
    const assignment = value === null ? `# ${setting} is not set` : `${setting} = ${value}`;
    lines.push(`${assignment.padEnd(40)} ${dim(`# ${describeOrigin(origins[key])}`)}`);
  }
  return `${lines.join('\n')}\n`;
};

const keysOf = (config: CliConfig['config']): SettingKey[] => Object.keys(config) as SettingKey[];

/** In the words of the file: durations and sizes with their unit, the name that stands for null. */
const tomlValue = (key: SettingKey, value: string | number | null): string | null => {
  if (key === 'engine.checkpoint' && value === null) return null;
  if (value === null) return key === 'engine.keep_alive' ? '"always"' : '"auto"';
  if (key === 'engine.keep_alive' || key === 'daemon.drain_timeout') {
    return JSON.stringify(Number(value) % 1000 === 0 ? `${Number(value) / 1000}s` : `${value}ms`);
  }
  return stringify({ value })
    .trim()
    .replace(/^value = /, '');
};

const describeOrigin = (origin: Origin): string => {
  switch (origin.from) {
    case 'flag':
      return origin.flag;
    case 'environment':
      return `environment: ${origin.variable}`;
    case 'file':
      return origin.line === null ? 'file' : `file, line ${origin.line}`;
    case 'default':
      return 'default';
  }
};
