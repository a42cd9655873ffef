// Written here so that no file has to be read for it; a test compares it with package.json.
export const VERSION = '0.1.0';
