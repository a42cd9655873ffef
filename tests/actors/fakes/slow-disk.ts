// Takes 5 ms for each of 2000 slices of its checkpoint, so that a test can meet it while it is loading.

import { createScriptedAddon } from './scripted-addon.js';

export const loadAddon = () => createScriptedAddon({ numSlices: 2000, sliceMs: 5 });
