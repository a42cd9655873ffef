// Brings flags, environment, file and defaults together. Every value that does not fit is named with its place.

import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { CodexpcError } from '../errors.js';
import { versionProblem } from './config-version.js';
import { locateKey } from './locate-key.js';
import { isTable } from './setting-kinds.js';
import { type Config, createSettings, type SettingContext, type SettingKey } from './settings.js';
import { SHIPPED_TOOLS } from './shipped-tools.js';
import { readToolTables, type ToolTables } from './tool-tables.js';

export type Origin =
  | { readonly from: 'flag'; readonly flag: string }
  | { readonly from: 'environment'; readonly variable: string }
  | { readonly from: 'file'; readonly file: string; readonly line: number | null }
  | { readonly from: 'default' };

export interface LoadedConfig {
  readonly config: Config;
  readonly origins: { readonly [Key in SettingKey]: Origin };
  readonly tools: ToolTables;
  readonly file: string;
  readonly fileExists: boolean;
}

export interface ConfigSources extends SettingContext {
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the command line sets, with the flag's name for messages. */
  readonly flags: { readonly [Key in SettingKey]?: { readonly flag: string; readonly value: unknown } };
}

/** Errors: invalid_request (all faults of the configuration, one a line), io_error (the file cannot be read). */
export const loadConfig = (sources: ConfigSources): LoadedConfig => {
  const text = readIfThere(sources.file);
  const settings = createSettings(sources);
  const problems: string[] = [];
  const { version, ...parsed } = parseFile(sources.file, text ?? '');
  const otherVersion = versionProblem(version);
  // Alone: what else does not fit comes of it.
  if (otherVersion !== null) throw configInvalid([`${at(sources.file, text, 'version')}: ${otherVersion}`]);
  const { rest, tables } = withoutToolTables(parsed);
  const fromFile = flatten(rest, Object.keys(settings));

  for (const key of fromFile.keys()) {
    if (!Object.hasOwn(settings, key)) {
      problems.push(
        `${at(sources.file, text, key)}: there is no setting ${key}${suggestion(key, Object.keys(settings))}`,
      );
    }
  }
  const config: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [key, setting] of Object.entries(settings) as [SettingKey, (typeof settings)[SettingKey]][]) {
    const found = find(key, setting.env, sources, fromFile, text);
    origins[key] = found?.origin ?? { from: 'default' };
    config[key] = setting.initial;
    if (found === null) continue;
    const parsed = setting.kind.safeParse(found.value);
    if (parsed.success) config[key] = parsed.data;
    else problems.push(`${found.place}: ${key} ${parsed.error.issues[0]?.message ?? 'does not fit'}`);
  }
  const tools = readToolTables({
    ...sources,
    tables,
    text: text ?? '',
    problem: (key, what) => problems.push(`${placeOf(sources.file, text, key)}: ${what}`),
  });
  const known = [...SHIPPED_TOOLS, ...tools.keys()];
  const unknown = (config as Config)['tools.allowed']?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const place = find('tools.allowed', settings['tools.allowed'].env, sources, fromFile, text)?.place;
    problems.push(
      `${place}: tools.allowed names ${JSON.stringify(unknown)}, which is no tool (known: ${known.join(', ')})`,
    );
  }
  if (problems.length > 0) throw configInvalid(problems);
  // Each key of Settings was given its initial value or one that its own kind has read.
  return {
    config: config as Config,
    origins: origins as LoadedConfig['origins'],
    tools,
    file: sources.file,
    fileExists: text !== null,
  };
};

interface Found {
  readonly value: unknown;
  readonly origin: Origin;
  /** For messages. */
  readonly place: string;
}

const find = (
  key: SettingKey,
  variable: string | null,
  { flags, env, file }: ConfigSources,
  fromFile: ReadonlyMap<string, unknown>,
  text: string | null,
): Found | null => {
  const flag = flags[key];
  if (flag !== undefined)
    return { value: flag.value, origin: { from: 'flag', flag: flag.flag }, place: flag.flag };
  const fromEnv = variable === null ? undefined : env[variable];
  if (variable !== null && fromEnv !== undefined && fromEnv !== '') {
    return { value: fromEnv, origin: { from: 'environment', variable }, place: variable };
  }
  if (!fromFile.has(key)) return null;
  const line = locateKey(text ?? '', key.split('.'));
  return { value: fromFile.get(key), origin: { from: 'file', file, line }, place: at(file, text, key) };
};

const readIfThere = (file: string): string | null => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new CodexpcError({
      code: 'io_error',
      message: `The configuration file ${file} cannot be read (${code}). Correct its permissions, or remove it: no setting is required.`,
      details: { file },
      cause: error,
    });
  }
};

const parseFile = (file: string, text: string): Record<string, unknown> => {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const reason = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? 'not TOML';
    throw configInvalid([`${file}:${error.line}:${error.column}: ${reason}`], error);
  }
};

/** `[tools.NAME]` is a table of its own kind; `[tools]` itself has settings like any other. */
const withoutToolTables = (parsed: Record<string, unknown>) => {
  const { tools } = parsed;
  if (!isTable(tools)) return { rest: parsed, tables: new Map<string, Record<string, unknown>>() };
  const entries = Object.entries(tools);
  const tables = new Map(
    entries.flatMap(([name, value]) => (isTable(value) ? [[name, value] as const] : [])),
  );
  const rest = { ...parsed, tools: Object.fromEntries(entries.filter(([name]) => !tables.has(name))) };
  return { rest, tables };
};

/** `{ engine: { slots: 4 } }` as `engine.slots` → 4. A known key is not taken apart further. */
const flatten = (
  table: Record<string, unknown>,
  known: readonly string[],
  prefix = '',
): Map<string, unknown> => {
  const flat = new Map<string, unknown>();
  for (const [name, value] of Object.entries(table)) {
    const key = prefix + name;
    if (isTable(value) && !known.includes(key)) {
      for (const [inner, innerValue] of flatten(value, known, `${key}.`)) flat.set(inner, innerValue);
    } else flat.set(key, value);
  }
  return flat;
};

const at = (file: string, text: string | null, key: string): string => placeOf(file, text, key.split('.'));

const placeOf = (file: string, text: string | null, key: readonly string[]): string => {
  const line = locateKey(text ?? '', key);
  return line === null ? file : `${file}:${line}`;
};

const configInvalid = (problems: readonly string[], cause?: unknown): CodexpcError =>
  new CodexpcError({
    code: 'invalid_request',
    message: `The configuration does not fit: ${problems.join('\n  ')}`,
    details: { problems },
    cause,
  });

const suggestion = (key: string, known: readonly string[]): string => {
  const name = key.slice(key.lastIndexOf('.') + 1);
  const near =
    known.find((candidate) => candidate.endsWith(`.${name}`)) ??
    known.find((candidate) => distance(candidate, key) <= 2);
  return near === undefined ? ` (known: ${known.join(', ')})` : `; did you mean ${near}?`;
};

const distance = (left: string, right: string): number => {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const change = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, change));
    }
    row = next;
  }
  return row[right.length] ?? 0;
};
