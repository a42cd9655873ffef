// `codexpc cache`: what is kept on disk of prompts, and its removal. It reads the folder only; no daemon is asked.

import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isSnapshotFile } from '../../config/place.js';
import { type ConfigFlags, loadCliConfig } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { formatBytes } from '../format.js';

export const showCache = (
  context: CliContext,
  { json, ...flags }: ConfigFlags & { readonly json: boolean },
): number => {
  const { config, paths } = loadCliConfig(context, flags);
  const { prefixFolder: folder } = paths;
  const sizes = snapshotsIn(folder).map((path) => statSync(path).size);
  const usedBytes = sizes.reduce((sum, size) => sum + size, 0);
  const boundBytes = config['cache.disk'];
  if (json) {
    context.stdout.write(`${JSON.stringify({ folder, files: sizes.length, usedBytes, boundBytes })}\n`);
    return EXIT.ok;
  }
  const bound =
    boundBytes === 0 ? 'nothing more is kept (cache.disk is off)' : `of ${formatBytes(boundBytes)}`;
  context.stdout.write(
    `folder  ${folder}\nkept    ${sizes.length} prefixes, ${formatBytes(usedBytes)} ${bound}\n`,
  );
  return EXIT.ok;
};

export const clearCache = (context: CliContext, flags: ConfigFlags): number => {
  const files = snapshotsIn(loadCliConfig(context, flags).paths.prefixFolder);
  for (const path of files) rmSync(path, { force: true });
  context.stdout.write(`Removed ${files.length} files.\n`);
  return EXIT.ok;
};

const snapshotsIn = (folder: string): string[] => {
  try {
    return readdirSync(folder)
      .filter(isSnapshotFile)
      .map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
};
