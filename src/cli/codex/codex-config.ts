// The settings with which Codex uses this daemon, as a TOML profile and as arguments. Pure.

export const PROVIDER = 'codexpc';
/** Where Codex finds the token; the daemon's own setting has the same name. */
export const TOKEN_VARIABLE = 'CODEXPC_HTTP_TOKEN';

export interface CodexTarget {
  /** `http://127.0.0.1:20120/v1` */
  readonly baseUrl: string;
  readonly model: string;
  /** The file with the model catalogue. */
  readonly catalogueFile: string;
  readonly needsToken: boolean;
}

type TomlValue = string | boolean;

/** By dotted key. */
const settingsOf = ({
  baseUrl,
  model,
  catalogueFile,
  needsToken,
}: CodexTarget): readonly [string, TomlValue][] => [
  ['model', model],
  ['model_provider', PROVIDER],
  ['model_catalog_json', catalogueFile],
  // The model has neither a search engine nor eyes.
  ['web_search', 'disabled'],
  ['features.view_image', false],
  [`model_providers.${PROVIDER}.name`, PROVIDER],
  [`model_providers.${PROVIDER}.base_url`, baseUrl],
  [`model_providers.${PROVIDER}.wire_api`, 'responses'],
  ...(needsToken ? [[`model_providers.${PROVIDER}.env_key`, TOKEN_VARIABLE] as [string, TomlValue]] : []),
];

/** JSON's strings are TOML's. */
const tomlOf = (value: TomlValue): string => JSON.stringify(value);

/** What goes before the user's own arguments. */
export const codexArguments = (target: CodexTarget): readonly string[] =>
  settingsOf(target).flatMap(([key, value]) => ['-c', `${key}=${tomlOf(value)}`]);

/** `codex --oss` talks to Ollama's port, or to the address in this variable. */
export const ossArguments = (args: readonly string[], { catalogueFile }: CodexTarget): readonly string[] => [
  ...['-c', `model_catalog_json=${tomlOf(catalogueFile)}`],
  ...(args.some((arg) => arg.startsWith('--local-provider')) ? [] : ['-c', 'oss_provider="ollama"']),
];

export const ossEnvironment = ({ baseUrl }: CodexTarget): Readonly<Record<string, string>> => ({
  CODEX_OSS_BASE_URL: baseUrl,
});

/** The first line of a profile tells whose it is. */
export const PROFILE_MARK = "# Written by 'codexpc codex --install', which replaces it.";

export const codexProfile = (target: CodexTarget): string => {
  const lines = [PROFILE_MARK];
  let table = '';
  for (const [key, value] of settingsOf(target)) {
    const dot = key.lastIndexOf('.');
    const itsTable = dot === -1 ? '' : key.slice(0, dot);
    if (itsTable !== table) lines.push('', `[${itsTable}]`);
    table = itsTable;
    lines.push(`${key.slice(dot + 1)} = ${tomlOf(value)}`);
  }
  return `${lines.join('\n')}\n`;
};
