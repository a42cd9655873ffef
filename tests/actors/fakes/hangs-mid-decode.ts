// Answers four tokens, then a native call does not return.

import { waitForEver } from '../../../src/actors/fault.js';
import { createScriptedAddon } from './scripted-addon.js';

export const loadAddon = () =>
  createScriptedAddon({
    onSample: (sampled, numSampled) => {
      if (numSampled === 4) waitForEver();
      return sampled;
    },
  });
