// `codexpc config show`: every effective value and where it came from, as TOML that could be the file.

import { CONFIG_VERSION } from '../config/config-version.js';
import type { Origin } from '../config/load-config.js';
import type { Config, SettingKey } from '../config/settings.js';
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

const asJson = ({ config, origins, tools, file, fileExists }: CliConfig) => ({
  file,
  fileExists,
  settings: Object.fromEntries(
    keysOf(config).map((key) => [key, { value: shownOf(key, config), ...origins[key] }]),
  ),
  tools: Object.fromEntries(
    [...tools].map(([name, { settings, lines }]) => [
      name,
      Object.fromEntries([...lines].map(([key, line]) => [key, { value: settings[key], file, line }])),
    ]),
  ),
});

const asToml = (
  { config, origins, tools, file, fileExists }: CliConfig,
  dim: (text: string) => string,
): string => {
  const lines = [
    dim(`# ${file}${fileExists ? '' : ' (not there; no setting is required)'}`),
    `version = ${CONFIG_VERSION}`,
  ];
  let table = '';
  for (const key of keysOf(config)) {
    const [name = '', setting = ''] = key.split('.');
    if (name !== table) lines.push('', `[${name}]`);
    table = name;
    const value = tomlValue(key, shownOf(key, config));
    const assignment = value === null ? `# ${setting} is not set` : `${setting} = ${value}`;
    lines.push(`${assignment.padEnd(40)} ${dim(`# ${describeOrigin(origins[key])}`)}`);
  }
  for (const [name, { settings, lines: places }] of tools) {
    lines.push('', `[tools.${name}]`);
    for (const [key, line] of places) {
      const assignment = `${key} = ${DURATIONS.has(key) ? durationOf(Number(settings[key])) : valueOf(settings[key])}`;
      lines.push(`${assignment.padEnd(40)} ${dim(`# ${describeOrigin({ from: 'file', file, line })}`)}`);
    }
  }
  return `${lines.join('\n')}\n`;
};

const keysOf = (config: CliConfig['config']): SettingKey[] => Object.keys(config) as SettingKey[];

const DURATIONS: ReadonlySet<string> = new Set([
  'engine.keep_alive',
  'daemon.drain_timeout',
  'tools.max_time',
  'timeout',
  'cpu_time',
]);
/** Their null means that nothing was said. */
const UNSET: ReadonlySet<SettingKey> = new Set([
  'engine.checkpoint',
  'http.token',
  'tools.allow',
  'tools.allowed',
  'tools.work_folder',
]);

/** In the words of the file: durations with their unit, the name that stands for null; null: there is none. */
const tomlValue = (key: SettingKey, value: Config[SettingKey]): string | null => {
  if (value === null) return UNSET.has(key) ? null : key === 'engine.keep_alive' ? '"always"' : '"auto"';
  return DURATIONS.has(key) ? durationOf(Number(value)) : valueOf(value);
};

/** Secrets are not shown: screens and reports are passed around. */
const SECRETS: ReadonlySet<SettingKey> = new Set(['http.token']);

const shownOf = (key: SettingKey, config: Config): Config[SettingKey] =>
  SECRETS.has(key) && config[key] !== null ? '…' : config[key];

const durationOf = (ms: number): string => JSON.stringify(ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);

/** On one line. JSON's strings are TOML's. */
const valueOf = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(valueOf).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, inner]) => {
    const name = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
    return `${name} = ${valueOf(inner)}`;
  });
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
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
