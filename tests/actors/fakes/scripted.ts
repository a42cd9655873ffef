// An engine that behaves.

import { createScriptedAddon } from './scripted-addon.js';

export const loadAddon = () => createScriptedAddon();
