// `npm start -- "prompt"`: builds what is out of date, then answers in this same process, as `codexpc run` would.
import { nodeIsOld } from './build/node-version.mjs';

if (nodeIsOld()) process.exit(100);
const { fstatSync } = await import('node:fs');
const { fileURLToPath } = await import('node:url');

const USAGE = `codexpc answers a prompt with a gpt-oss model on this machine.

  npm start -- "Hello"                       one prompt
  npm start -- --show-reasoning "17 + 25?"   with the model's analysis, dimmed
  npm start -- --help                        all options
  echo "Hello" | npm start                   the prompt from a pipe
  npm test                                   all tests

The first start installs the npm packages and builds the native engine (a minute or two).
`;

/** Nothing was asked and nothing is piped in: a terminal, or no input at all. */
const nothingAsked = (args) => {
  if (args.length > 0) return false;
  try {
    return fstatSync(0).isCharacterDevice();
  } catch {
    return true; // standard input is closed
  }
};

const args = process.argv.slice(2);
if (nothingAsked(args)) {
  process.stdout.write(USAGE);
} else {
  const { runBuilt } = await import('./build/run-built.mjs');
  await runBuilt(fileURLToPath(new URL('..', import.meta.url)), ['run', ...args]);
}
