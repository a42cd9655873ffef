// Where a native addon of this package is: built here, or brought ready-made.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What was built here goes before what was brought. There may be neither: then the path of the first. */
export const nativeAddonPath = (name: 'codexpc' | 'codexpc-xpc', root: string = packageRoot()): string => {
  const built = join(root, 'build', 'native', 'Release', `${name}.node`);
  const prebuilt = join(root, 'prebuilds', `${process.platform}-${process.arch}`, `${name}.node`);
  return existsSync(built) || !existsSync(prebuilt) ? built : prebuilt;
};

/** The nearest folder above with a package.json. */
const packageRoot = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
};
