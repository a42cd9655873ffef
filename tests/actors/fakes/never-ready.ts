// Hangs while it starts.

import { waitForEver } from '../../../src/actors/fault.js';

export const loadAddon = (): never => {
  waitForEver();
  throw new Error('woke up');
};
