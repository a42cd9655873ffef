// Lines of src/ that jest's tests run, in their own processes and in all that they start: Node writes what each process
// ran (NODE_V8_COVERAGE is handed on to children), c8 adds it up and finds the lines of the sources.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Two tests at a time: each has long stretches in which it waits. */
const NUM_WORKERS = 2;

/**
 * @param {string} root the repository, built
 * @param {string} work a folder of its own
 * @returns {Promise<Map<string, { numLines: number, uncovered: number[] }>>} by the path of the source
 */
export async function measureJavascript(root, work) {
  const raw = join(work, 'v8');
  rmSync(raw, { recursive: true, force: true });
  mkdirSync(raw, { recursive: true });
  const tests = readdirSync(join(root, 'build/js/tests'), { recursive: true }).filter((name) =>
    name.endsWith('.test.js'),
  );
  const waiting = tests.sort();
  const run = async () => {
    for (let test = waiting.shift(); test !== undefined; test = waiting.shift())
      await runTest(root, raw, test);
  };
  await Promise.all(Array.from({ length: NUM_WORKERS }, run));
  return addUp(root, raw, work);
}

/** In a process of its own: jest's workers are ended before they have written what they ran. */
function runTest(root, raw, test) {
  const folder = join(raw, 'of-one', test.replaceAll('/', '-'));
  mkdirSync(folder, { recursive: true });
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const args = [
    ...flags,
    'node_modules/jest/bin/jest.js',
    '--runInBand',
    '--silent',
    `build/js/tests/${test}`,
  ];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, NODE_V8_COVERAGE: folder },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code !== 0) process.stderr.write(`coverage: ${test} fails here; what it ran is counted\n`);
      for (const name of readdirSync(folder))
        keepOwn(join(folder, name), join(raw, `${test.replaceAll('/', '-')}-${name}`));
      rmSync(folder, { recursive: true });
      resolve();
    });
  });
}

/** What is of src/: the rest, jest and its packages, is a hundred times as much. */
function keepOwn(from, to) {
  let report;
  try {
    report = JSON.parse(readFileSync(from, 'utf8'));
  } catch {
    return; // of a process that was killed while it wrote
  }
  const result = report.result.filter(({ url }) => url.includes('/build/js/src/'));
  if (result.length > 0) writeFileSync(to, JSON.stringify({ result }));
}

function addUp(root, raw, work) {
  rmSync(join(raw, 'of-one'), { recursive: true, force: true });
  const args = ['--temp-directory', raw, '--reports-dir', join(work, 'report'), '--reporter', 'json'];
  const filters = ['--src', '.', '--include', 'src/**', '--exclude-after-remap', '--merge-async'];
  const run = spawnSync(process.execPath, ['node_modules/c8/bin/c8.js', 'report', ...args, ...filters], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (run.status !== 0) throw new Error(`c8 failed: ${run.stderr}`);
  const report = JSON.parse(readFileSync(join(work, 'report/coverage-final.json'), 'utf8'));
  const found = new Map();
  for (const { path, statementMap, s } of Object.values(report)) {
    const lines = Object.keys(statementMap); // c8 has one a line
    const uncovered = lines.filter((key) => s[key] === 0).map((key) => statementMap[key].start.line);
    found.set(path.slice(path.indexOf('/src/') + 1), { numLines: lines.length, uncovered });
  }
  for (const path of neverLoaded(root, found)) {
    const { length } = readFileSync(join(root, path), 'utf8').trimEnd().split('\n');
    found.set(path, { numLines: length, uncovered: Array.from({ length }, (_, index) => index + 1) });
  }
  return found;
}

/** Modules with more in them than types. */
function neverLoaded(root, found) {
  const compiled = join(root, 'build/js/src');
  return readdirSync(compiled, { recursive: true })
    .filter(
      (name) =>
        name.endsWith('.js') &&
        !/^(?:export \{\};\s*|\/\/.*\s*)*$/.test(readFileSync(join(compiled, name), 'utf8')),
    )
    .map((name) => `src/${name.replace(/\.js$/, '.ts')}`)
    .filter((path) => !found.has(path));
}
