// xgrammar's WebAssembly build. Its package says that it is an ES module, but the file is a UMD bundle, which `import`
// gives no exports; so the file is run as CommonJS. Remove this when @mlc-ai/web-xgrammar exports what it declares.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { compileFunction, constants } from 'node:vm';
import type * as xgrammar from '@mlc-ai/web-xgrammar';

export type Xgrammar = typeof xgrammar;

export const loadXgrammar = (): Xgrammar => {
  const file = createRequire(import.meta.url).resolve('@mlc-ai/web-xgrammar');
  const module = { exports: {} };
  const run = compileFunction(
    readFileSync(file, 'utf8'),
    ['exports', 'module', 'require', '__filename', '__dirname'],
    { filename: file, importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER },
  ) as (...args: readonly unknown[]) => void;
  run(module.exports, module, createRequire(file), file, dirname(file));
  return module.exports as Xgrammar;
};
