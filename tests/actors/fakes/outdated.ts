// Built before samplers had masks.

import type { NativeSampler } from '../../../src/actors/engine-addon.js';
import { createScriptedAddon } from './scripted-addon.js';

export const loadAddon = () => {
  const addon = createScriptedAddon();
  return {
    ...addon,
    createSampler: (...given: Parameters<typeof addon.createSampler>) => {
      const { accept, close } = addon.createSampler(...given);
      return { accept, close } as NativeSampler;
    },
  };
};
