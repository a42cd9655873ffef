// The tables `[tools.NAME]`: what the daemon may do with a tool of its own, and the tools that a user adds.

import { dirname, resolve } from 'node:path';
import type * as z from 'zod';
import { locateKey } from './locate-key.js';
import { bytes, choice, duration, flag, integer, jsonSchema, paths, text, texts } from './setting-kinds.js';
import { isShippedTool, SHIPPED_TOOLS } from './shipped-tools.js';

const createToolKeys = (home: string) => ({
  enabled: flag(),
  timeout: duration(), // ms
  cpu_time: duration(), // ms
  max_output: bytes(),
  max_memory: bytes(),
  max_processes: integer(1, 100_000),
  max_open_files: integer(16, 1_000_000),
  max_file_size: bytes(),
  directories: paths(home),
  network: flag(),
  sandbox: choice(['required', 'none']),
  command: texts(),
  description: text(),
  parameters: jsonSchema(),
});
type ToolKeys = ReturnType<typeof createToolKeys>;
export type ToolKey = keyof ToolKeys;

/** Null: not set, so the tool's own default. */
export type ToolSettings = { readonly [Key in ToolKey]: z.infer<ToolKeys[Key]> | null };

export interface ToolTable {
  readonly settings: ToolSettings;
  /** Where in the file each key that is set stands. */
  readonly lines: ReadonlyMap<ToolKey, number | null>;
}
export type ToolTables = ReadonlyMap<string, ToolTable>;

export interface ToolTablesSource {
  /** Tables by tool. */
  readonly tables: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly file: string;
  readonly text: string;
  readonly home: string;
  readonly problem: (key: readonly string[], what: string) => void;
}

const TOOL_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
/** They make a tool; the ones that ship are made already. */
const MAKING: readonly ToolKey[] = ['command', 'description', 'parameters'];

/** Whatever does not fit is told to `problem` and left out. */
export const readToolTables = ({ tables, file, text, home, problem }: ToolTablesSource): ToolTables => {
  const kinds = createToolKeys(home);
  const known = Object.keys(kinds);
  const read = (name: string, table: Readonly<Record<string, unknown>>): ToolTable => {
    const settings: Record<string, unknown> = Object.fromEntries(known.map((key) => [key, null]));
    const lines = new Map<ToolKey, number | null>();
    for (const [key, value] of Object.entries(table)) {
      const place = ['tools', name, key];
      if (!isToolKey(kinds, key)) {
        problem(place, `there is no setting ${place.join('.')} (known: ${known.join(', ')})`);
        continue;
      }
      const kind: z.ZodType = kinds[key];
      const parsed = kind.safeParse(value);
      if (parsed.success) settings[key] = parsed.data;
      else problem(place, `${place.join('.')} ${parsed.error.issues[0]?.message ?? 'does not fit'}`);
      lines.set(key, locateKey(text, place));
    }
    // Each key was given null or what its own kind has read.
    return { settings: withAbsolutePaths(settings as ToolSettings, dirname(file)), lines };
  };

  const result = new Map<string, ToolTable>();
  for (const [name, table] of tables) {
    const place = ['tools', name];
    const making = MAKING.filter((key) => Object.hasOwn(table, key));
    if (isShippedTool(name)) {
      if (making.length > 0)
        problem(
          [...place, making[0]!],
          `${name} ships with codexpc and takes no ${making[0]}; give a tool of your own another name`,
        );
    } else if (!TOOL_NAME.test(name)) {
      problem(
        place,
        `${JSON.stringify(name)} is no name for a tool: 1 to 64 letters, digits, "_" or "-", no digit first`,
      );
    } else if (!making.includes('command')) {
      problem(
        place,
        `${name} is no tool that ships with codexpc (${SHIPPED_TOOLS.join(', ')}); a tool of your own needs tools.${name}.command`,
      );
    }
    result.set(name, read(name, table));
  }
  return result;
};

const isToolKey = (kinds: ToolKeys, key: string): key is ToolKey => Object.hasOwn(kinds, key);

/** Relative to the file, as everywhere in it. A program without a slash is looked for on the path. */
const withAbsolutePaths = (settings: ToolSettings, folder: string): ToolSettings => {
  const [program, ...args] = settings.command ?? [];
  return {
    ...settings,
    directories: settings.directories?.map((path) => resolve(folder, path)) ?? null,
    command: program?.includes('/') === true ? [resolve(folder, program), ...args] : settings.command,
  };
};
