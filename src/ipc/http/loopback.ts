// Names of this machine that no other machine answers to.

/** 127.0.0.0/8, ::1 and the names that mean them. */
export const isLoopbackName = (name: string): boolean =>
  name === 'localhost' ||
  name.endsWith('.localhost') ||
  name === '::1' ||
  /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
