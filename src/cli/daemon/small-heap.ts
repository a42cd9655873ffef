// Bounds what V8 allocates before it collects, however the daemon was started: a service manager's unit could carry the
// option, a terminal and a program that starts the daemon by itself would not.

import { setFlagsFromString } from 'node:v8';

/**
 * Of a young generation's half. With V8's own limit (16) the daemon was at 176 MB after bench:memory, also when idle;
 * with this one at 158 MB, and back at 127 MB when idle (Node 20, x86-64). bench:ipc shows no difference.
 */
const SEMI_SPACE_MB = 2;

/** Early, and once: the heap of this thread exists already, and only stays as small as it is now. */
export const keepHeapSmall = (): void => {
  setFlagsFromString(`--max-semi-space-size=${SEMI_SPACE_MB}`); // threads that start from now on
  setFlagsFromString('--semi-space-growth-factor=1'); // this one; V8 reads it whenever it would grow
};
