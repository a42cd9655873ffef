// The tool runner that the settings ask for.

import { access, mkdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, relative, sep } from 'node:path';
import { permissionOf, toolNames } from '../../config/tool-gate.js';
import type { LoadedConfig } from '../../config/load-config.js';
import type { ToolTable } from '../../config/tool-tables.js';
import { CodexpcError, messageOf } from '../../errors.js';
import { NO_TOOLS } from './no-tools.js';
import {
  DEFAULT_RUNNER_BOUNDS,
  DEFAULT_TOOL_SETTINGS,
  type ToolRunner,
  type ToolRunnerOptions,
  type ToolSettings,
} from './tool.js';

export type ToolConfig = Pick<LoadedConfig, 'config' | 'origins' | 'tools'>;

/** Only the tools that are allowed. Errors: io_error, invalid_request when their work folder is none to write to. */
export const openConfiguredTools = async (config: ToolConfig, stateFolder: string): Promise<ToolRunner> => {
  const options = toolRunnerOptions(config, stateFolder);
  if (Object.keys(options.tools).length === 0) return NO_TOOLS;
  await Promise.all([makeWorkFolder(options.workFolder), ...readFoldersOf(options).map(checkFolder)]);
  const { createToolRunner } = await import('./tool-runner.js');
  return createToolRunner(options);
};

export const toolRunnerOptions = (config: ToolConfig, stateFolder: string): ToolRunnerOptions => ({
  ...DEFAULT_RUNNER_BOUNDS,
  workFolder: workFolderOf(config, stateFolder),
  tools: Object.fromEntries(
    toolNames(config)
      .filter((name) => permissionOf(name, config).isAllowed)
      .map((name) => [name, toolSettings(config.tools.get(name))]),
  ),
});

export const workFolderOf = ({ config }: ToolConfig, stateFolder: string): string =>
  config['tools.work_folder'] ?? join(stateFolder, 'work');

export const toolSettings = (table: ToolTable | undefined): ToolSettings => {
  if (table === undefined) return DEFAULT_TOOL_SETTINGS;
  const { settings } = table;
  const { limits } = DEFAULT_TOOL_SETTINGS;
  const [program, ...args] = settings.command ?? [];
  return {
    limits: {
      wallMs: settings.timeout ?? limits.wallMs,
      cpuMs: settings.cpu_time ?? limits.cpuMs,
      outputBytes: settings.max_output ?? limits.outputBytes,
      maxOutputBytes: limits.maxOutputBytes,
      memoryBytes: settings.max_memory ?? limits.memoryBytes,
      processes: settings.max_processes ?? limits.processes,
      openFiles: settings.max_open_files ?? limits.openFiles,
      fileBytes: settings.max_file_size ?? limits.fileBytes,
    },
    readFolders: settings.directories ?? DEFAULT_TOOL_SETTINGS.readFolders,
    network: settings.network ?? DEFAULT_TOOL_SETTINGS.network,
    sandbox: settings.sandbox ?? DEFAULT_TOOL_SETTINGS.sandbox,
    command:
      program === undefined
        ? null
        : {
            argv: [program, ...args],
            description: settings.description ?? '',
            parameters: settings.parameters ?? { type: 'object', properties: {} },
          },
  };
};

const readFoldersOf = ({ tools }: ToolRunnerOptions): readonly ToolFolder[] =>
  Object.entries(tools).flatMap(([tool, { readFolders }]) => readFolders.map((folder) => ({ tool, folder })));

interface ToolFolder {
  readonly tool: string;
  readonly folder: string;
}

const checkFolder = async ({ tool, folder }: ToolFolder): Promise<void> => {
  try {
    await access(folder);
  } catch (error) {
    throw new CodexpcError({
      code: 'invalid_request',
      message: `The tool ${tool} is to read ${folder}, which cannot be read (${messageOf(error)}). Correct tools.${tool}.directories.`,
      details: { tool, folder },
      cause: error,
    });
  }
};

const makeWorkFolder = async (folder: string): Promise<void> => {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CodexpcError({
      code: 'io_error',
      message: `The folder that tools may write to, ${folder}, cannot be made (${messageOf(error)}). Set tools.work_folder to another one.`,
      details: { folder },
      cause: error,
    });
  }
  const real = await realpath(folder);
  if (contains(real, await realpath(homedir()).catch(() => homedir()))) {
    throw new CodexpcError({
      code: 'invalid_request',
      message: `Tools may not write to ${folder}: your home folder, with its keys and settings, lies in it. Set tools.work_folder to a folder of its own.`,
      details: { folder },
    });
  }
};

/** Whether `folder` is `path` or above it. */
const contains = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
};
