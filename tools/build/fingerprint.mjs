// Says whether a build step's inputs changed, without reading them: names, sizes and modification times. Every start
// asks, so it is quick: no cryptography (loading that alone takes longer than all the rest).
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One value for all files under the given paths (files or folders; missing ones count as such). */
export function fingerprint(root, paths) {
  const hash = createHash();
  for (const path of paths) addPath(hash, root, path);
  return hash.digest();
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

/** FNV-1a over UTF-16 units, twice with different starts: 64 bits. Nobody attacks a build's memory of itself. */
function createHash() {
  let high = 0x811c9dc5;
  let low = 0x9dc5811c;
  return {
    update(text) {
      for (let i = 0; i < text.length; i++) {
        const unit = text.charCodeAt(i);
        high = Math.imul(high ^ unit, 0x01000193);
        low = Math.imul(low ^ unit, 0x01000193) ^ (low >>> 15);
      }
    },
    digest: () => [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join(''),
  };
}
