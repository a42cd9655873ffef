// Loads the native addon. Each thread that calls this gets its own environment of it.

import { createRequire } from 'node:module';

import { CodexpcError } from '../errors.js';
import { nativeAddonPath } from '../native-addon-path.js';
import type { NativeAddon } from './engine-addon.js';

export const loadAddon = (): NativeAddon => {
  const path = nativeAddonPath('codexpc');
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
