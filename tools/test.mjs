// `npm test`: builds everything, then native tests (ctest), lint and jest; ends with `N passed, N failed`.
// Arguments go to jest, and then only jest runs:  npm test -- tests/cli
import { nodeIsOld } from './build/node-version.mjs';

if (nodeIsOld()) process.exit(100);
const { readFileSync, rmSync } = await import('node:fs');
const { join } = await import('node:path');
const { fileURLToPath } = await import('node:url');
const { spawn, spawnSync } = await import('node:child_process');
const { ensureBuilt } = await import('./build/ensure-built.mjs');
const { reportFailure } = await import('./build/failure.mjs');

const root = fileURLToPath(new URL('..', import.meta.url));
const jestArgs = process.argv.slice(2);
const suites = jestArgs.length > 0 ? [jest] : [nativeTests, lint, jest];

try {
  await ensureBuilt(root, { scope: 'everything' });
} catch (error) {
  reportFailure(error);
  finish([{ passed: 0, failed: 1 }]);
}
const results = [];
for (const suite of suites) results.push(await suite());
finish(results);

function finish(results) {
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exit(failed > 0 || passed === 0 ? 1 : 0);
}

async function nativeTests() {
  process.stderr.write('codexpc: building the native tests …\n');
  const folder = 'build/native-tests';
  const engine = join(root, 'build/native/libcodexpc_engine.a');
  for (const args of [
    // The addon has just been built: its engine is the one that is tested.
    ['-S', '.', '-B', folder, '-DCODEXPC_TESTS=ON', `-DCODEXPC_ENGINE_LIBRARY=${engine}`],
    ['--build', folder, '--parallel', '2'],
  ]) {
    const step = spawnSync('cmake', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
    if (step.status !== 0) {
      process.stderr.write(
        `${step.stdout ?? ''}${step.stderr ?? ''}\ncodexpc: building the native tests failed.\n`,
      );
      return { passed: 0, failed: 1 };
    }
  }
  const run = await shown('ctest', ['--test-dir', folder, '--output-on-failure', '--parallel', '2']);
  const figures = /(\d+) tests failed out of (\d+)/.exec(run.output);
  if (!figures) return { passed: 0, failed: run.status === 0 ? 0 : 1 };
  const [failed, total] = [Number(figures[1]), Number(figures[2])];
  return { passed: total - failed, failed };
}

/** Runs a program whose output is shown as it comes, and kept. */
function shown(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, output }));
  });
}

/** Counted only when it fails: a clean lint is no test. */
function lint() {
  const tools = [
    ['node_modules/eslint/bin/eslint.js', '.'],
    ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'],
  ];
  const failed = tools.filter(
    (args) => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status !== 0,
  );
  return { passed: 0, failed: failed.length };
}

function jest() {
  const report = join(root, 'build/jest-report.json');
  rmSync(report, { force: true });
  // Passed as Node flags, not in NODE_OPTIONS: programs that tests start must not inherit them.
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const args = ['node_modules/jest/bin/jest.js', '--json', `--outputFile=${report}`, ...jestArgs];
  const run = spawnSync(process.execPath, [...flags, ...args], {
    cwd: root,
    stdio: ['inherit', 'ignore', 'inherit'], // the report is also printed to stdout
  });
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(
      readFileSync(report, 'utf8'),
    );
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    return { passed: numPassedTests, failed: failed === 0 && run.status !== 0 ? 1 : failed };
  } catch {
    return { passed: 0, failed: 1 }; // jest did not get as far as its report
  }
}
