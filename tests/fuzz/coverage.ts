// Which blocks of our own code an input has run, by V8's own count.

import { Session } from 'node:inspector/promises';

export interface Coverage {
  /** Runs this, and tells how many blocks ran that none had run before. */
  newBlocksOf(run: () => Promise<void>): Promise<number>;
  readonly numBlocks: number;
  close(): void;
}

/** Of the compiled sources. */
const OWN_CODE = '/build/js/src/';

export const startCoverage = async (): Promise<Coverage> => {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const seen = new Set<string>();
  return {
    newBlocksOf: async (run) => {
      await session.post('Profiler.takePreciseCoverage'); // counts from here
      await run();
      const { result } = await session.post('Profiler.takePreciseCoverage');
      const numBefore = seen.size;
      for (const { url, functions } of result) {
        if (!url.includes(OWN_CODE)) continue;
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges)
            if (count > 0) seen.add(`${url}:${startOffset}:${endOffset}`);
        }
      }
      return seen.size - numBefore;
    },
    get numBlocks() {
      return seen.size;
    },
    close: () => session.disconnect(),
  };
};
