// npm run fuzz:inputs: mutated inputs against the parsers that are written in TypeScript (npm run fuzz runs these and the
// native ones). Each may refuse its input with a coded error and nothing else. An input that reaches new code is kept to
// start from. Prints what it ran; ends with `N passed, N failed`, of targets.

import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { decimal, integer } from '../../src/cli/option-parsers.js';
import { CodexpcError } from '../../src/errors.js';
import { createRandom, type Random } from '../faults/random.js';
import { keepInput, readCorpus } from './corpus.js';
import { type Coverage, startCoverage } from './coverage.js';
import { type FuzzTarget, TARGETS } from './targets.js';

const MAX_INPUT_BYTES = 4096;
/** Of the processor's time, so that a busy machine is no fault: none of the inputs is larger than a few kilobytes. */
const MAX_INPUT_MS = 5_000;

interface Options {
  readonly seconds: number;
  readonly seed: number;
  readonly list?: true;
}

const command = new Command('fuzz:inputs')
  .description('Gives mutated inputs to the parsers that are written in TypeScript.')
  .addArgument(new Argument('[targets...]', 'by default all').choices(TARGETS.map(({ name }) => name)))
  .option('--seconds <n>', 'for each target', decimal(0, 1_000_000), 10)
  .option('--seed <n>', 'of the mutations', integer(0), 1)
  .option('--list', 'print the targets instead')
  .parse();
const options = command.opts<Options>();

/** To look costs more than most inputs do. */
const INPUTS_A_LOOK = 16;

const mutate = (input: Uint8Array, other: Uint8Array, random: Random): Uint8Array => {
  const bytes = [...input];
  for (let times = 1 + random.below(6); times > 0; times--) {
    const at = random.below(bytes.length + 1);
    const length = random.below(16);
    switch (random.below(6)) {
      case 0:
        bytes.splice(at, 1, random.below(256));
        break;
      case 1:
        bytes.splice(at, length);
        break;
      case 2:
        bytes.splice(at, 0, ...bytes.slice(at, at + length));
        break;
      case 3:
        bytes.splice(at, length, ...other.slice(random.below(other.length + 1)).slice(0, 2 * length));
        break;
      case 4:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      default:
        bytes.splice(
          at,
          0,
          ...'0"{}[]\\'
            .slice(random.below(7))
            .slice(0, 1)
            .repeat(length)
            .split('')
            .map((character) => character.charCodeAt(0)),
        );
    }
  }
  return Uint8Array.from(bytes.slice(0, MAX_INPUT_BYTES));
};

/** What went wrong with an input; null: nothing. */
const faultOf = async (run: (input: Uint8Array) => unknown, input: Uint8Array): Promise<unknown> => {
  const started = process.cpuUsage();
  try {
    await run(input);
  } catch (error) {
    if (!(error instanceof CodexpcError) || error.code === 'invariant_violated') return error;
  }
  const { user, system } = process.cpuUsage(started);
  const tookMs = (user + system) / 1_000;
  return tookMs > MAX_INPUT_MS ? new Error(`took ${Math.round(tookMs)} ms of the processor`) : null;
};

/** Null: nothing went wrong; else what, and with which input. */
const fuzz = async ({ name, seeds, run }: FuzzTarget, coverage: Coverage) => {
  const random = createRandom(options.seed);
  const corpus = [
    ...seeds.map((seed) => (typeof seed === 'string' ? Buffer.from(seed) : seed)),
    ...readCorpus(name),
  ];
  const numBefore = coverage.numBlocks;
  for (const input of corpus) {
    const fault = await faultOf(run, input);
    if (fault !== null) return { executions: 1, fault, input, numBlocks: 0, numKept: 0 };
  }
  const pick = (): Uint8Array => corpus[random.below(corpus.length)] as Uint8Array;
  const deadline = performance.now() + options.seconds * 1000;
  let [executions, numKept] = [0, 0];
  let fault: unknown = null;
  let input = pick();
  while (fault === null && performance.now() < deadline) {
    // Mostly from a seed, sometimes from the last input: changes add up.
    input = mutate(random.below(4) === 0 ? input : pick(), pick(), random);
    const runOnce = async (): Promise<void> => {
      fault = await faultOf(run, input);
    };
    executions += 1;
    if (executions % INPUTS_A_LOOK !== 0) await runOnce();
    else if ((await coverage.newBlocksOf(runOnce)) > 0) {
      corpus.push(input);
      keepInput(name, input);
      numKept += 1;
    }
  }
  return { executions, fault, input, numBlocks: coverage.numBlocks - numBefore, numKept };
};

const chosen = TARGETS.filter(({ name }) => command.args.length === 0 || command.args.includes(name));
if (options.list === true) {
  console.log(chosen.map(({ name }) => name).join('\n'));
  process.exit();
}
let [passed, failed] = [0, 0];
for (const target of chosen) {
  const { name } = target;
  const coverage = await startCoverage();
  const { executions, fault, input, numBlocks, numKept } = await fuzz(target, coverage);
  coverage.close();
  await target.close?.();
  if (fault === null) {
    passed += 1;
    console.log(
      `fuzz ${name}: ${executions} executions in ${options.seconds} s, ${numBlocks} blocks of code reached, ${numKept} inputs kept, no fault`,
    );
  } else {
    failed += 1;
    const file = join(tmpdir(), `codexpc-fuzz-${name}`);
    writeFileSync(file, input);
    console.log(
      `FAILED ${name} after ${executions} executions, seed ${options.seed}; the input is in ${file}`,
    );
    console.log(`       ${fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
