// An idle daemon is to be small. V8 collects when something is allocated, and then nothing is.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** A whole collection of this thread's heap, tens of milliseconds: when nothing runs. */
export const collectGarbage = (): void => {
  setFlagsFromString('--expose-gc'); // contexts made from now on have `gc`
  (runInNewContext('gc') as () => void)();
};
