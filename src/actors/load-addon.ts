// Finds and loads the native addon. Each thread that calls this gets its own environment of it.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { CodexpcError } from '../errors.js';
import type { NativeAddon } from './engine-addon.js';

export const loadAddon = (): NativeAddon => {
  const path = addonPath();
  let addon: NativeAddon;
  try {
    addon = createRequire(import.meta.url)(path) as NativeAddon;
  } catch (cause) {
    throw new CodexpcError({
      code: 'unsupported_system',
      message: `cannot load the native engine ${path}; build it with: npm run build`,
      cause,
    });
  }
  addon.setErrorClass(CodexpcError);
  return addon;
};

/** build/native/Release/codexpc.node below the nearest directory with a package.json. */
const addonPath = (): string => {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json')) && dirname(directory) !== directory)
    directory = dirname(directory);
  return join(directory, 'build', 'native', 'Release', 'codexpc.node');
};
