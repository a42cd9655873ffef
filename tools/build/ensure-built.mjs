// Brings node_modules, the native addon, the bundles and the compiled TypeScript up to date; nothing is spawned when
// they are.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { BuildFailure, writing } from './failure.mjs';
import { withLock } from './lock.mjs';
import { pruneCompiled } from './prune.mjs';
import { findOnPath, requireNativeTools } from './requirements.mjs';
import { runStep } from './run-step.mjs';
import { inputsOf, readStamp, staleSteps } from './steps.mjs';

const RUN = { packages: installPackages, addon: buildAddon, types: compileEverything, app: bundleApp };

/**
 * @param {string} root the repository
 * @param {{ scope?: 'app' | 'everything', quiet?: boolean }} [options] `app` is what a run needs; `everything` adds
 *   tests and tools
 */
export async function ensureBuilt(root, { scope = 'app', quiet = false } = {}) {
  if (staleSteps(root, scope).length === 0) return;
  const build = join(root, 'build');
  writing(root, () => mkdirSync(build, { recursive: true }));
  const lock = {
    path: join(build, '.lock'),
    folder: build,
    onWait: (pid) =>
      quiet ||
      process.stderr.write(
        `codexpc: another build is running${pid ? ` (pid ${pid})` : ''}; waiting for it …\n`,
      ),
  };
  await withLock(lock, async () => {
    for (const name of staleSteps(root, scope)) {
      // Taken before the step runs: an input that changes meanwhile is noticed the next time.
      const inputs = inputsOf(root, name);
      await RUN[name](root, quiet);
      remember(root, name, inputs);
    }
  });
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
  try {
    requireNativeTools();
  } catch (error) {
    if (!existsSync(join(root, `prebuilds/${process.platform}-${process.arch}/codexpc.node`))) throw error;
    // Without the tools the package's own addon serves. Each start comes here: once they are there, it is built.
    if (!quiet && readStamp(root).addon !== inputsOf(root, 'addon'))
      process.stderr.write(`codexpc: using the ready-made native engine. ${error.message}\n`);
    return;
  }
  const { resolve } = createRequire(join(root, 'package.json')); // in its own folder, or in one above
  const headers = dirname(resolve('node-addon-api/napi.h'));
  await runStep({
    title: 'building the native engine (a minute or two)',
    command: process.execPath,
    args: [
      resolve('cmake-js/bin/cmake-js'),
      ...['compile', '--out', 'build/native', '--config', 'Release', '--parallel', '2'],
      `--CDNODE_ADDON_API_DIR=${headers}`,
    ],
    cwd: root,
    failure: 'building the native engine failed; the output is above.',
    next: 'It needs a C++20 compiler (GCC 11, Clang 14 or newer) and CMake 3.20 or newer.',
    quiet,
  });
}

async function compileEverything(root, quiet) {
  pruneCompiled(root);
  // The second one is for a browser, and bundled like the rest: only its types are checked.
  for (const project of ['tsconfig.json', 'src/page/view/tsconfig.json']) {
    await runStep({
      title: project === 'tsconfig.json' ? 'compiling TypeScript' : "checking the debug page's types",
      command: process.execPath,
      args: [join(root, 'node_modules/typescript/bin/tsc'), '-p', project],
      cwd: root,
      failure: 'compiling TypeScript failed; the output is above.',
      quiet,
    });
  }
}

async function bundleApp(root, quiet) {
  await runStep({
    title: 'bundling the program',
    command: process.execPath,
    args: [join(root, 'tools/build/bundle.mjs')],
    cwd: root,
    failure: 'bundling the program failed; the output is above.',
    quiet,
  });
}
