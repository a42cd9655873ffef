// Which of the daemon's tools the model may use, and what says so. Nothing is allowed unless something allows it.

import type { LoadedConfig, Origin } from './load-config.js';
import { isShippedTool, SHIPPED_TOOLS } from './shipped-tools.js';

export interface ToolPermission {
  readonly isAllowed: boolean;
  /** For people: "CODEXPC_ALLOWED_TOOLS", "file, line 12", "not enabled". */
  readonly by: string;
}

export type GateConfig = Pick<LoadedConfig, 'config' | 'origins' | 'tools'>;

/** Shipped ones and the user's own, in this order. */
export const toolNames = ({ tools }: Pick<LoadedConfig, 'tools'>): readonly string[] => [
  ...SHIPPED_TOOLS,
  ...[...tools.keys()].filter((name) => !isShippedTool(name)),
];

export const permissionOf = (name: string, { config, origins, tools }: GateConfig): ToolPermission => {
  const allow = config['tools.allow'];
  const allowed = config['tools.allowed'];
  if (allow === false) return { isAllowed: false, by: `${placeOf('tools.allow', origins)} allows no tools` };
  if (allow === true && allowed !== null) {
    const list = placeOf('tools.allowed', origins);
    return allowed.includes(name)
      ? { isAllowed: true, by: list }
      : { isAllowed: false, by: `not named in ${list}` };
  }
  const table = tools.get(name);
  if (table?.settings.enabled === true) {
    const line = table.lines.get('enabled');
    return { isAllowed: true, by: typeof line === 'number' ? `file, line ${line}` : 'file' };
  }
  return {
    isAllowed: false,
    by: allowed?.includes(name) === true ? 'needs CODEXPC_ALLOW_TOOLS=1' : 'not enabled',
  };
};

const placeOf = (key: 'tools.allow' | 'tools.allowed', origins: LoadedConfig['origins']): string => {
  const origin: Origin = origins[key];
  switch (origin.from) {
    case 'flag':
      return origin.flag;
    case 'environment':
      return origin.variable;
    case 'file':
      return origin.line === null ? 'file' : `file, line ${origin.line}`;
    case 'default':
      return 'default';
  }
};
