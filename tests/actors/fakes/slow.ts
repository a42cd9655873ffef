// Takes 5 ms a step, so that a test can meet a request in the middle.

import { createScriptedAddon } from './scripted-addon.js';

export const loadAddon = () => createScriptedAddon({ stepMs: 5 });
