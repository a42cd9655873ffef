// Says whether a build step's inputs changed, without reading them: names, sizes and modification times.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One value for all files under the given paths (files or folders; missing ones count as such). */
export function fingerprint(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths) addPath(hash, root, path);
  return hash.digest('hex').slice(0, 32);
}

function addPath(hash, root, path) {
  const stat = lstatSync(join(root, path), { throwIfNoEntry: false });
  if (!stat) {
    hash.update(`${path}\0missing\n`);
  } else if (stat.isDirectory()) {
    for (const name of readdirSync(join(root, path)).sort()) addPath(hash, root, `${path}/${name}`);
  } else {
    hash.update(`${path}\0${stat.size}\0${stat.mtimeMs}\n`);
  }
}
