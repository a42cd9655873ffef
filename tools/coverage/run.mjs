// `npm run coverage`: lines of src/ and engine-native/ that the tests run, file by file. Tens of minutes, so by hand.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../build/ensure-built.mjs';
import { measureJavascript } from './measure-javascript.mjs';
import { measureNative } from './measure-native.mjs';
import { compare, PAGE, percentOf, withTables } from './page.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const work = join(root, 'build/coverage');
const PARTS = ['src', 'engine-native'];
const HELP = `Usage: npm run coverage [-- options]

Runs the tests and prints which share of each file's lines they ran, compared
with ${PAGE}. Takes tens of minutes.

Options:
  --update       write what was seen into ${PAGE}; its reasons stay
  --only <part>  one of the two: ${PARTS.join(', ')}
  --help         display help for command
`;
const { values: options } = parseArgs({
  options: { update: { type: 'boolean' }, only: { type: 'string' }, help: { type: 'boolean' } },
});
if (options.help === true) {
  process.stdout.write(HELP);
  process.exit(0);
}
const { only = null } = options;
if (only !== null && !PARTS.includes(only)) {
  process.stderr.write(`coverage: --only is one of ${PARTS.join(', ')}, not '${only}'\n`);
  process.exit(2);
}

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
if (options.update === true) {
  writeFileSync(page, withTables(before, seen));
} else {
  const problems = compare(before, seen);
  for (const problem of problems) process.stdout.write(`coverage: ${problem}\n`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
