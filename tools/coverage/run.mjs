// `npm run coverage`: lines of src/ and engine-native/ that the tests run, file by file. Tens of minutes, so by hand.
//   npm run coverage                 prints both, and compares with docs/coverage.md
//   npm run coverage -- --update     writes what was seen into docs/coverage.md; its reasons stay
//   npm run coverage -- --only src   one of the two: src, engine-native
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuilt } from '../build/ensure-built.mjs';
import { measureJavascript } from './measure-javascript.mjs';
import { measureNative } from './measure-native.mjs';
import { compare, PAGE, percentOf, withTables } from './page.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const work = join(root, 'build/coverage');
const args = process.argv.slice(2);
const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : null;

mkdirSync(work, { recursive: true });
await ensureBuilt(root, { scope: 'everything', quiet: true });
const seen = new Map();
if (only !== 'engine-native') seen.set('src', await measureJavascript(root, work));
if (only !== 'src') seen.set('engine-native', measureNative(root, work));

const page = join(root, PAGE);
const before = readFileSync(page, 'utf8');
for (const [part, files] of seen) {
  for (const [path, file] of [...files].sort())
    process.stdout.write(`${percentOf([file]).padStart(6)} %  ${path}\n`);
  process.stdout.write(`${part}: ${percentOf([...files.values()])} % of the lines\n`);
}
if (args.includes('--update')) {
  writeFileSync(page, withTables(before, seen));
} else {
  const problems = compare(before, seen);
  for (const problem of problems) process.stdout.write(`coverage: ${problem}\n`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
