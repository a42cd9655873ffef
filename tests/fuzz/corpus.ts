// Inputs kept for each target: those in the repository, which every run begins with, and those that this machine's runs
// have found (build/fuzz/inputs), which reached code that nothing had reached before.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const KEPT = join(ROOT, 'tests', 'fuzz', 'corpus');
const FOUND = join(ROOT, 'build', 'fuzz', 'inputs');

export const readCorpus = (target: string): readonly Uint8Array[] =>
  [join(KEPT, target), join(FOUND, target)].flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .sort()
          .map((name) => readFileSync(join(folder, name)))
      : [],
  );

export const keepInput = (target: string, input: Uint8Array): void => {
  const folder = join(FOUND, target);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, createHash('sha1').update(input).digest('hex').slice(0, 16)), input);
};
