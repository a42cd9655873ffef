// Ends its thread at the fourth token.

import { createScriptedAddon } from './scripted-addon.js';

export const loadAddon = () =>
  createScriptedAddon({
    onSample: (sampled, numSampled) => (numSampled === 4 ? process.exit(3) : sampled),
  });
