// Every tool there is, allowed or not, for people who ask: `codexpc tools` and the doctor.

import { permissionOf, toolNames } from '../../config/tool-gate.js';
import { type ToolConfig, toolSettings, workFolderOf } from './configured-tools.js';
import { createSandboxFinder } from './program/confinement.js';
import { definitionOf, offered } from './shipped-tools.js';
import type { OfferedTool, ToolSettings } from './tool.js';

export interface ToolReport extends OfferedTool {
  readonly isAllowed: boolean;
  /** What allows it or keeps it out. */
  readonly by: string;
  readonly needsSandbox: boolean;
  readonly workFolder: string;
  readonly settings: ToolSettings;
}

export const inspectTools = (config: ToolConfig, stateFolder: string): readonly ToolReport[] =>
  toolNames(config).map((name) => {
    const settings = toolSettings(config.tools.get(name));
    const definition = definitionOf(name, settings.command);
    return {
      ...offered(name, definition),
      ...permissionOf(name, config),
      needsSandbox: definition.runsProgram && settings.sandbox === 'required',
      workFolder: workFolderOf(config, stateFolder),
      settings,
    };
  });

export interface SandboxReport {
  readonly isReady: boolean;
  /** What to do, unless it is ready. */
  readonly hint: string | null;
}

export const findSandbox = async (platform: NodeJS.Platform, searchPath: string): Promise<SandboxReport> => {
  const finder = createSandboxFinder({ platform, searchPath });
  try {
    const sandbox = await finder.find();
    return sandbox.type === 'ready' ? { isReady: true, hint: null } : { isReady: false, hint: sandbox.hint };
  } finally {
    finder.close();
  }
};
