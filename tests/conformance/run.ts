// npm run test:codex [-- NAME…]: real clients against the daemon; ends with `N passed, N failed`. Names pick scenarios.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientScenarios } from './client-scenarios.js';
import { faultScenarios } from './fault-scenarios.js';
import { pocketScenarios } from './pocket-scenarios.js';
import { recordedScenarios } from './recorded-scenarios.js';
import { runScenarios } from './scenario.js';
import { CONFORMANCE } from './test-home.js';

/** Each scenario is mostly waiting, for Node and Codex to start. */
const WIDTH = 3;

/** The clients, in a folder of their own: they are no part of the product. */
const installClients = (): boolean => {
  const installed = join(CONFORMANCE, 'node_modules', '.codexpc-lock');
  const lock = readFileSync(join(CONFORMANCE, 'package-lock.json'), 'utf8');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return true;
  console.log('installing the clients (the Codex CLI is about 100 MB) …');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: CONFORMANCE, encoding: 'utf8' });
  if (status === 0) spawnSync('cp', ['package-lock.json', installed], { cwd: CONFORMANCE });
  else console.log(`${stdout}${stderr}`);
  return status === 0;
};

const wanted = process.argv.slice(2);
const scenarios = [...recordedScenarios, ...faultScenarios, ...clientScenarios, ...pocketScenarios].filter(
  ({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)),
);
if (installClients()) {
  const failed = await runScenarios(scenarios, WIDTH);
  console.log(`\n${scenarios.length - failed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length === 0 && scenarios.length > 0 ? 0 : 1;
} else {
  console.log('The clients could not be installed; see above.\n\n0 passed, 1 failed');
  process.exitCode = 1;
}
