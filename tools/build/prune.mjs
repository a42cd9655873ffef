// Removes compiled files whose source is gone, so that a renamed test does not run twice.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const COMPILED = /\.(js|js\.map|d\.ts)$/;

/** @param {string} root the repository; compiled files mirror it under build/js */
export function pruneCompiled(root, folder = '') {
  const compiled = join(root, 'build/js', folder);
  if (!existsSync(compiled)) return;
  for (const entry of readdirSync(compiled, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) pruneCompiled(root, path);
    else if (COMPILED.test(path) && !existsSync(join(root, path.replace(COMPILED, '.ts')))) {
      rmSync(join(compiled, entry.name), { force: true });
    }
  }
}
