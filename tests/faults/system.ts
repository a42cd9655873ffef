// The clock and the disk of a daemon under test, which do as they are told: system.cc, compiled here and preloaded there.

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../../../tests/faults/system.cc', import.meta.url));

const WISHES = { clockShiftMs: 0, diskDelayMs: 1, diskError: 2 } as const;
type Wish = keyof typeof WISHES;

export interface System {
  /** For the daemon's environment. */
  readonly env: NodeJS.ProcessEnv;
  wish(what: Wish, value: number): void;
  /** As on any machine. */
  reset(): void;
}

/** Where there is no compiler, or no such linker (macOS): nothing can be wished for. */
export const compileSystem = (folder: string): string | null => {
  const library = join(folder, 'system.so');
  try {
    execFileSync(
      process.env['CXX'] ?? 'c++',
      ['-std=c++20', '-O1', '-shared', '-fPIC', '-o', library, SOURCE, '-ldl'],
      { stdio: 'ignore' },
    );
    return library;
  } catch {
    return null;
  }
};

export const createSystem = (folder: string, library: string): System => {
  const path = join(folder, 'wishes');
  const bytes = new BigInt64Array(Object.keys(WISHES).length);
  writeFileSync(path, bytes);
  const tell = (): void => {
    const file = openSync(path, 'r+'); // not truncated: it is mapped
    writeSync(file, bytes, 0, bytes.byteLength, 0);
    closeSync(file);
  };
  return {
    env: { LD_PRELOAD: library, CODEXPC_TEST_SYSTEM: path },
    wish: (what, value) => {
      bytes[WISHES[what]] = BigInt(value);
      tell();
    },
    reset: () => {
      bytes.fill(0n);
      tell();
    },
  };
};
