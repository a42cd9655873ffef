#!/usr/bin/env node
// The `codexpc` command of a checkout (`npm install --global .`): builds once if nothing was built yet.
import { nodeIsOld } from './build/node-version.mjs';

if (nodeIsOld()) process.exit(100);
const { existsSync, realpathSync } = await import('node:fs');
const { createRequire } = await import('node:module');
const { dirname, join } = await import('node:path');
const { fileURLToPath } = await import('node:url');

const root = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));
const built = join(root, 'build/app/cli-main.cjs');
const args = process.argv.slice(2);
if (existsSync(built)) {
  const { runAsProgram } = createRequire(import.meta.url)(built);
  await runAsProgram(args);
} else {
  const { runBuilt } = await import('./build/run-built.mjs');
  await runBuilt(root, args);
}
