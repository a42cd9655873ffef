// What is built from what, and which of it is out of date. What was built from which inputs is remembered in
// build/stamp.json. Little is imported here: every start asks.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fingerprint } from './fingerprint.mjs';

/** The command line as `npm start` and the service units run it: see bundle.mjs. */
export const MAIN = 'build/app/cli-main.cjs';

/** Each step: what it reads, and what it must leave behind. In order; a later one needs the former. */
const STEPS = {
  packages: {
    inputs: ['package.json', 'package-lock.json'],
    output: 'node_modules/.package-lock.json',
  },
  addon: {
    inputs: ['CMakeLists.txt', 'engine-native'],
    output: 'build/native/Release/codexpc.node',
  },
  app: {
    inputs: ['package-lock.json', 'src', 'tools/build/bundle.mjs', 'tools/build/run-bundle.cjs'],
    output: MAIN,
    isOfThisNode: true, // V8 takes no code that another version compiled
  },
  types: {
    inputs: ['tsconfig.json', 'package-lock.json', 'src', 'tests', 'tools'],
    output: 'build/js/src/cli/main.js',
  },
};

/** `app` is what a run needs; `everything` adds compiled modules, tests and tools, all with their types checked. */
const SCOPES = { app: ['packages', 'addon', 'app'], everything: ['packages', 'addon', 'types', 'app'] };

/** Beneath another's node_modules, or npm's own of all users: npm has brought what it depends on. */
const isInstalled = (root) => basename(dirname(root)) === 'node_modules';

export function staleSteps(root, scope) {
  const stamp = readStamp(root);
  const steps = SCOPES[scope].filter((name) => name !== 'packages' || !isInstalled(root));
  return steps.filter(
    (name) => stamp[name] !== inputsOf(root, name) || !existsSync(join(root, STEPS[name].output)),
  );
}

export const inputsOf = (root, name) => {
  const { inputs, isOfThisNode = false } = STEPS[name];
  return fingerprint(root, inputs) + (isOfThisNode ? ` ${process.version}` : '');
};

export function readStamp(root) {
  try {
    const stamp = JSON.parse(readFileSync(join(root, 'build/stamp.json'), 'utf8'));
    return typeof stamp === 'object' && stamp !== null ? stamp : {};
  } catch {
    return {}; // Missing or damaged: everything is checked again.
  }
}
