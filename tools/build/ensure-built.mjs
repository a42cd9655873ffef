// Brings node_modules, the native addon and the compiled TypeScript up to date; nothing is spawned when they are.
// What was built from which inputs is remembered in build/stamp.json.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writing } from './failure.mjs';
import { fingerprint } from './fingerprint.mjs';
import { withLock } from './lock.mjs';
import { pruneCompiled } from './prune.mjs';
import { findOnPath, requireNativeTools } from './requirements.mjs';
import { runStep } from './run-step.mjs';
import { BuildFailure } from './failure.mjs';

/** Each step: what it reads, what it must leave behind, and how it is done. In order; a later one needs the former. */
const STEPS = {
  packages: {
    inputs: ['package.json', 'package-lock.json'],
    output: 'node_modules/.package-lock.json',
    run: installPackages,
  },
  addon: {
    inputs: ['CMakeLists.txt', 'engine-native'],
    output: 'build/native/Release/codexpc.node',
    run: buildAddon,
  },
  source: {
    inputs: ['tsconfig.json', 'tools/build/tsconfig.src.json', 'package-lock.json', 'src'],
    output: 'build/js/src/cli/main.js',
    run: compileSource,
  },
  everything: {
    inputs: ['tsconfig.json', 'package-lock.json', 'src', 'tests', 'tools'],
    output: 'build/js/src/cli/main.js',
    run: compileEverything,
  },
};

const SCOPES = { source: ['packages', 'addon', 'source'], everything: ['packages', 'addon', 'everything'] };

/**
 * @param {string} root the repository
 * @param {{ scope?: 'source' | 'everything', quiet?: boolean }} [options] `source` is what a run needs; `everything`
 *   adds tests and tools
 */
export async function ensureBuilt(root, { scope = 'source', quiet = false } = {}) {
  const steps = SCOPES[scope];
  if (staleSteps(root, steps).length === 0) return;
  const build = join(root, 'build');
  writing(root, () => mkdirSync(build, { recursive: true }));
  const lock = {
    path: join(build, '.lock'),
    folder: build,
    onWait: (pid) => quiet || process.stderr.write(`codexpc: another build is running${pid ? ` (pid ${pid})` : ''}; waiting for it …\n`),
  };
  await withLock(lock, async () => {
    for (const name of staleSteps(root, steps)) {
      // Taken before the step runs: an input that changes meanwhile is noticed the next time.
      const inputs = fingerprint(root, STEPS[name].inputs);
      await STEPS[name].run(root, quiet);
      remember(root, name, inputs);
    }
  });
}

function staleSteps(root, names) {
  const stamp = readStamp(root);
  return names.filter(
    (name) =>
      stamp[name] !== fingerprint(root, STEPS[name].inputs) || !existsSync(join(root, STEPS[name].output)),
  );
}

function readStamp(root) {
  try {
    const stamp = JSON.parse(readFileSync(join(root, 'build/stamp.json'), 'utf8'));
    return typeof stamp === 'object' && stamp !== null ? stamp : {};
  } catch {
    return {}; // Missing or damaged: everything is checked again.
  }
}

function remember(root, name, inputs) {
  const stamp = { ...readStamp(root), [name]: inputs };
  writing(root, () => writeFileSync(join(root, 'build/stamp.json'), JSON.stringify(stamp)));
}

/**
 * `npm install` with the lock file unchanged, not `npm ci`: that one demands every platform's optional packages in
 * the lock file, and removes node_modules from under a codexpc that runs from it.
 */
async function installPackages(root, quiet) {
  writing(root, () => mkdirSync(join(root, 'node_modules'), { recursive: true }));
  const npm = process.env.npm_execpath;
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--include=dev'];
  if (!npm && !findOnPath('npm')) {
    throw new BuildFailure('npm is missing; it comes with Node.js. Install Node.js 20.17 or newer.', { exitCode: 100 });
  }
  await runStep({
    title: 'installing the npm packages',
    command: npm ? process.execPath : 'npm',
    args: npm ? [npm, ...args] : args,
    cwd: root,
    failure: 'installing the npm packages failed; the output is above.',
    next: 'Check the network connection, then try again.',
    quiet,
  });
}

async function buildAddon(root, quiet) {
  requireNativeTools();
  const cmakeJs = join(root, 'node_modules/cmake-js/bin/cmake-js');
  await runStep({
    title: 'building the native engine (a minute or two)',
    command: process.execPath,
    args: [cmakeJs, 'compile', '--out', 'build/native', '--config', 'Release', '--parallel', '2'],
    cwd: root,
    failure: 'building the native engine failed; the output is above.',
    next: 'It needs a C++20 compiler (GCC 11, Clang 14 or newer) and CMake 3.20 or newer.',
    quiet,
  });
}

function compileSource(root, quiet) {
  return compile(root, "tools/build/tsconfig.src.json", quiet);
}

async function compileEverything(root, quiet) {
  pruneCompiled(root);
  await compile(root, 'tsconfig.json', quiet);
  remember(root, 'source', fingerprint(root, STEPS.source.inputs));
}

async function compile(root, project, quiet) {
  await runStep({
    title: 'compiling TypeScript',
    command: process.execPath,
    args: [join(root, 'node_modules/typescript/bin/tsc'), '-p', project],
    cwd: root,
    failure: 'compiling TypeScript failed; the output is above.',
    quiet,
  });
}
