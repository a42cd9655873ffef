// The packages of package-lock.json.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} root the repository
 * @returns {{ name: string, version: string, licence: string, isDevelopment: boolean, hasInstallScript: boolean,
 *   resolved: string, integrity: string }[]} each version of each package once, by name
 */
export function readLock(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const found = new Map();
  for (const [path, each] of Object.entries(packages)) {
    if (path === '') continue;
    const name = each.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const key = `${name}@${each.version}`;
    const isDevelopment = each.dev === true && (found.get(key)?.isDevelopment ?? true);
    found.set(key, {
      name,
      version: each.version,
      licence: each.license ?? 'none given',
      isDevelopment,
      hasInstallScript: each.hasInstallScript === true,
      resolved: each.resolved ?? '',
      integrity: each.integrity ?? '',
    });
  }
  return [...found.values()].sort((left, right) =>
    left.name + left.version < right.name + right.version ? -1 : 1,
  );
}
