// npm run bench:peer -- --shape gpt-oss-20b: codexpc and llama.cpp on the same GGUF, in turns: each round starts the one,
// measures, ends it, then the other, so that neither meets the other's memory or a quieter hour. Medians are printed; it
// fails nothing. `--agree` compares what they compute instead.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { arch, availableParallelism, cpus, freemem, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command, Option } from 'commander';
import * as z from 'zod';
import type { ModelConfig } from '../../../src/actors/engine-addon.js';
import { compareLogits } from './agree.js';
import { readBytesPerSecond } from './roofline.js';
import { type Program, type ProgramName, type ProgramOptions, startProgram, type Task } from './tasks.js';

const ROOT = fileURLToPath(new URL('../../../../../', import.meta.url));
const FOLDER = join(ROOT, 'tests/bench/peer');
const DENSE_BYTES = { Q8_0: 34 / 32, BF16: 2, F32: 4 } as const;

interface Options {
  readonly shape: string;
  readonly gguf?: string;
  readonly dense: keyof typeof DENSE_BYTES;
  readonly rounds: string;
  readonly prefill: string;
  readonly decode: string;
  readonly depth: string;
  readonly parallel: string;
  readonly threads?: string;
  readonly batch: string;
  readonly precision: 'exact' | 'fast';
  readonly agree?: true;
}

/** llama.cpp in a folder of its own, with the one prebuilt variant that this machine runs: it is no part of the product. */
const install = (): boolean => {
  const installed = join(FOLDER, 'node_modules', '.codexpc-lock');
  const lock = readFileSync(join(FOLDER, 'package-lock.json'), 'utf8');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return true;
  const { dependencies } = z
    .object({ dependencies: z.object({ 'node-llama-cpp': z.string() }) })
    .parse(JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8')));
  const system = { darwin: 'mac', win32: 'win' }[process.platform as string] ?? process.platform;
  const variant = `@node-llama-cpp/${system}-${arch()}${system === 'mac' && arch() === 'arm64' ? '-metal' : ''}`;
  console.log(`installing node-llama-cpp with ${variant} …`);
  // Not `npm ci`: the lock file of one platform lacks variants of the others, which `ci` calls out of step.
  const args = ['install', '--no-save', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund'];
  const { status, stdout, stderr } = spawnSync(
    'npm',
    [...args, `${variant}@${dependencies['node-llama-cpp']}`],
    {
      cwd: FOLDER,
      encoding: 'utf8',
    },
  );
  if (status === 0) spawnSync('cp', ['package-lock.json', installed], { cwd: FOLDER });
  else console.log(`${stdout}${stderr}`);
  return status === 0;
};

/** The file both read; made once where none is given. */
const checkpointOf = ({ shape, gguf, dense }: Options): string => {
  if (gguf !== undefined) return gguf;
  const folder = join(ROOT, 'build/bench-peer');
  const path = join(folder, `${shape}-${dense}.gguf`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const source = shape === 'pocket' ? ['--from', join(ROOT, 'models/pocket/model.bin')] : ['--shape', shape];
  const args = [join(ROOT, 'build/js/tools/make-checkpoint.js'), ...source, '--dense', dense, '--out', path];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${path} could not be made`);
  return path;
};

/** Text tokens, the same for both, that route differently. */
const someTokens = (count: number, salt: number): number[] =>
  Array.from({ length: count }, (_, i) => (((i + salt) * 7919) % 65_537) % 300);

/** Of one decoded token: every weight that it needs, once, and the keys and values it sees. */
const decodeBytes = (config: ModelConfig, dense: number, depth: number): number => {
  const { hiddenSize, intermediateSize, headDim, numHiddenLayers: layers } = config;
  const qSize = config.numAttentionHeads * headDim;
  const kvSize = config.numKeyValueHeads * headDim;
  const attention = layers * hiddenSize * (2 * qSize + 2 * kvSize) * dense;
  const experts = layers * config.expertsPerToken * 3 * hiddenSize * intermediateSize * (17 / 32);
  const router = layers * config.numExperts * hiddenSize * 4;
  const seen = Math.floor(layers / 2) * depth + Math.ceil(layers / 2) * Math.min(depth, config.slidingWindow);
  return attention + experts + router + config.vocabSize * hiddenSize * dense + seen * 2 * kvSize * 2;
};

interface Measurement {
  readonly name: string;
  readonly task: Task;
  readonly numTokens: number;
  /** Depth of what is decoded; null: not bound by reading. */
  readonly depth: number | null;
}

const numbers = (list: string): number[] =>
  list === '' ? [] : list.split(',').map((text) => Number.parseInt(text, 10));

const measurementsOf = ({ prefill, decode, depth, parallel }: Options): Measurement[] => {
  const count = Number(decode);
  const width = Number(parallel);
  return [
    ...numbers(prefill).map((size): Measurement => ({
      name: `prefill ${size}`,
      task: { task: 'prefill', tokens: someTokens(size, 1) },
      numTokens: size,
      depth: null,
    })),
    ...numbers(depth).map((at): Measurement => ({
      name: `decode ${count} at ${at}`,
      task: { task: 'decode', tokens: someTokens(Math.max(1, at), 2), count },
      numTokens: count,
      depth: at,
    })),
    ...(width < 2
      ? []
      : [
          {
            name: `decode ${count}, ${width} at once`,
            task: { task: 'parallel', tokens: someTokens(16, 3), count } as const,
            numTokens: count * width,
            depth: null,
          },
        ]),
  ];
};

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

const show = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

const bench = async (options: Options, programs: ProgramOptions): Promise<void> => {
  const measurements = measurementsOf(options);
  const rates = new Map<string, Record<ProgramName, number[]>>(
    measurements.map(({ name }) => [name, { codexpc: [], 'llama.cpp': [] }]),
  );
  const rooflines: number[] = [];
  let config: ModelConfig | null = null;
  for (let round = 0; round < Number(options.rounds); round += 1) {
    rooflines.push(await readBytesPerSecond(programs.threads));
    for (const name of round % 2 === 0
      ? (['codexpc', 'llama.cpp'] as const)
      : (['llama.cpp', 'codexpc'] as const)) {
      const program: Program = await startProgram(name, programs);
      if (name === 'codexpc') config = (program.about as { readonly config: ModelConfig }).config;
      if (round === 0) console.log(name, JSON.stringify({ ...(program.about as object), config: undefined }));
      await program.ask({ task: 'decode', tokens: someTokens(16, 0), count: 4 }); // pages and caches
      for (const measurement of measurements) {
        const ms = (await program.ask(measurement.task)) as number;
        rates.get(measurement.name)![name].push(measurement.numTokens / (ms / 1000));
      }
      await program.stop();
    }
    console.log(`round ${round + 1} of ${options.rounds}; load ${loadavg()[0]!.toFixed(1)}`);
  }
  if (loadavg()[0]! > 1.5 * availableParallelism()) {
    console.log('\nOther programs were busy meanwhile: these figures say little, those of llama.cpp least.');
  }
  const roofline = median(rooflines);
  console.log(`\nread roofline ${(roofline / 1e9).toFixed(1)} GB/s (${programs.threads} threads)\n`);
  console.log('| task | codexpc tok/s | llama.cpp tok/s | ratio | codexpc GB/s | of the roofline |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const { name, depth } of measurements) {
    const mine = median(rates.get(name)!.codexpc);
    const theirs = median(rates.get(name)!['llama.cpp']);
    const bytes = depth === null ? null : mine * decodeBytes(config!, DENSE_BYTES[options.dense], depth);
    const reads = bytes === null ? '' : (bytes / 1e9).toFixed(1);
    const share = bytes === null ? '' : `${((100 * bytes) / roofline).toFixed(0)}%`;
    console.log(
      `| ${name} | ${show(mine)} | ${show(theirs)} | ${(mine / theirs).toFixed(2)} | ${reads} | ${share} |`,
    );
  }
};

const main = async (options: Options): Promise<void> => {
  if (!install()) {
    console.log('node-llama-cpp could not be installed; see above.');
    process.exitCode = 1;
    return;
  }
  const path = checkpointOf(options);
  const { size } = statSync(path);
  const deepest =
    Math.max(0, ...numbers(options.depth), ...numbers(options.prefill)) + Number(options.decode) + 64;
  const programs: ProgramOptions = {
    path,
    threads: options.threads === undefined ? availableParallelism() : Number(options.threads),
    batch: Number(options.batch),
    precision: options.precision,
    contextLength: Math.max(512, Math.ceil(deepest / 256) * 256),
    sequences: Math.max(1, Number(options.parallel)),
    // Mapped, llama.cpp keeps a repacked copy beside the file: where both do not fit, it would measure the disk.
    mmap: 2.2 * size < freemem(),
  };
  console.log(
    `${cpus()[0]!.model.trim()}, ${availableParallelism()} CPUs, ${(totalmem() / 2 ** 30).toFixed(1)} GiB; ` +
      `load ${loadavg()
        .map((load) => load.toFixed(1))
        .join(' ')}; ${new Date().toISOString().slice(0, 10)}`,
  );
  console.log(
    `${path}: ${(size / 1e9).toFixed(2)} GB; ${programs.threads} threads, batches of ${programs.batch}, ${programs.precision}`,
  );
  if (options.agree === true) await compareLogits(programs);
  else await bench(options, programs);
};

const command = new Command('bench:peer')
  .addOption(
    new Option('--shape <name>', 'what to run')
      .choices(['pocket', 'tiny', 'small', 'gpt-oss-20b', 'gpt-oss-120b'])
      .default('pocket'),
  )
  .option('--gguf <file>', 'a file instead of a shape; --dense says what its dense weights are')
  .addOption(new Option('--dense <type>').choices(Object.keys(DENSE_BYTES)).default('Q8_0'))
  .option('--rounds <n>', 'how often both take their turn', '5')
  .option('--prefill <sizes>', 'prompts, separated by commas', '512')
  .option('--decode <n>', 'tokens to decode', '64')
  .option('--depth <depths>', 'tokens before what is decoded, separated by commas', '0')
  .option('--parallel <n>', 'sequences decoded at once; 1: none', '4')
  .option('--threads <n>', 'of each program; by default one a CPU')
  .option('--batch <n>', 'prompt tokens of one step, for both', '512')
  .addOption(
    new Option('--precision <name>', 'of ours; llama.cpp rounds as "fast" does')
      .choices(['exact', 'fast'])
      .default('exact'),
  )
  .option('--agree', 'compare logits and greedy tokens instead of speed');
await command.action((options: Options) => main(options)).parseAsync();
