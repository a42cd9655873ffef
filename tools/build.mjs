// `npm run build`: installs packages, builds the addon and compiles everything, where it is out of date.
//   --quiet        no progress lines
//   --app-only     only what a run needs: no types are checked, no tests and tools compiled
import { nodeIsOld } from './build/node-version.mjs';

if (nodeIsOld()) process.exit(100);
const { ensureBuilt } = await import('./build/ensure-built.mjs');
const { reportFailure } = await import('./build/failure.mjs');
const { fileURLToPath } = await import('node:url');

const root = fileURLToPath(new URL('..', import.meta.url));
const flags = process.argv.slice(2);
try {
  await ensureBuilt(root, {
    scope: flags.includes('--app-only') ? 'app' : 'everything',
    quiet: flags.includes('--quiet'),
  });
} catch (error) {
  process.exitCode = reportFailure(error);
}
