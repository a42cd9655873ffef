// The runner of a daemon that has no tools of its own: nothing of the others has to be loaded for it.

import type { ToolRunner } from './tool.js';

export const NO_TOOLS: ToolRunner = {
  tools: () => [],
  run: ({ name }) =>
    Promise.resolve({
      status: 'refused',
      text: `${name} is not allowed on this machine.`,
      exitCode: null,
      signal: null,
      durationMs: 0,
      outputBytes: 0,
      isTruncated: false,
    }),
  endSession: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
