// The version of the configuration file: `version = 1` before the first table, and 1 where it says nothing.

/** Raised when a setting comes to mean something else, so that an older file would be misread. */
export const CONFIG_VERSION = 1;

/** What is wrong with a file of another version, as the end of a sentence; null when it can be read. */
export const versionProblem = (version: unknown): string | null => {
  if (version === undefined || version === CONFIG_VERSION) return null;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1)
    return `version must be a whole number from 1, not ${JSON.stringify(version)}`;
  return `the file is of version ${version}, and this codexpc reads version ${CONFIG_VERSION}. Install the codexpc that it was written for, or write it anew ('codexpc config show' prints every setting)`;
};
