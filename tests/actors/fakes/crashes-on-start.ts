// Throws before it is ready.

export const loadAddon = (): never => {
  throw new Error('no engine for this processor');
};
