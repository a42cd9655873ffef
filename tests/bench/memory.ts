// npm run bench:memory: what the daemon that users run keeps in memory from one request to the next, over its socket
// with the pocket model. Linux only: the figures are the kernel's (/proc/PID/smaps), and V8's own.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { integer } from '../../src/cli/option-parsers.js';
import { type Client, connect, Conversation } from '../../src/client/index.js';
import type { HeapReport } from './memory-probe.js';
import { residentOf } from './resident.js';

const REQUESTS = 200;
const MAX_TOKENS = 48;
const IDLE_MS = 30_000;
const PROMPTS = ['Hello', 'Who are you?', 'What is 17 + 25?', 'Good morning!', 'What is codexpc?'];

interface Sample {
  readonly rss: number; // MB
  readonly anonymous: number; // MB
  readonly heapUsed: number; // MB
  readonly heapTotal: number; // MB
}

interface Options {
  readonly nodeOption: readonly string[];
  readonly checkpoint?: string;
  readonly promptWords: number;
}

const measure = async ({ nodeOption, checkpoint, promptWords }: Options): Promise<void> => {
  const home = mkdtempSync(join(tmpdir(), 'codexpc-bench-'));
  const socketPath = join(home, 'run', 'codexpc.sock');
  const main = fileURLToPath(new URL('../../../app/cli-main.cjs', import.meta.url));
  const daemon = fork(main, ['daemon', '--socket', socketPath], {
    env: {
      PATH: process.env['PATH'],
      HOME: home,
      XDG_RUNTIME_DIR: home,
      ...(checkpoint !== undefined && { CODEXPC_CHECKPOINT: checkpoint }),
    },
    execArgv: [...nodeOption, '--import', new URL('./memory-probe.js', import.meta.url).href],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  try {
    const client = await reach(socketPath);
    if (checkpoint !== undefined) {
      await onePrompt(daemon, client, checkpoint, promptWords);
      client.close();
      return;
    }
    await series(daemon, client, 'the same prompt', () => 'Hello');
    await series(daemon, client, 'another prompt each time', (index) => `${PROMPTS[index % 5]} (${index})`);
    client.close();
    await wait(IDLE_MS);
    print(`idle for ${IDLE_MS / 1000} s`, await sample(daemon));
  } finally {
    daemon.kill();
    rmSync(home, { recursive: true, force: true });
  }
};

const series = async (
  daemon: ChildProcess,
  client: Client,
  title: string,
  promptOf: (index: number) => string,
): Promise<void> => {
  console.log(`${title}, ${REQUESTS} requests`);
  const samples: Sample[] = [];
  for (let index = 1; index <= REQUESTS; index++) {
    await ask(client, promptOf(index));
    const now = await sample(daemon);
    samples.push(now);
    if (index <= 2 || index % (REQUESTS / 10) === 0) print(`  after ${index}`, now);
  }
  const [first, second] = samples as [Sample, Sample];
  const growth = (100 * (second.rss - first.rss)) / first.rss;
  const late = samples.slice(REQUESTS / 2).map(({ rss }) => rss);
  console.log(
    `  second against first ${growth.toFixed(1)}%; second half ${(1024 * slopeOf(late)).toFixed(1)} KB a request`,
  );
};

/** Words that are a token each, in an order that the model has not seen. */
const onePrompt = async (
  daemon: ChildProcess,
  client: Client,
  checkpoint: string,
  words: number,
): Promise<void> => {
  const some = ['time', 'year', 'people', 'way', 'day', 'man', 'thing', 'woman', 'life', 'child', 'world'];
  const prompt = Array.from({ length: words }, (_, i) => some[(i * i + (i >> 3)) % some.length]).join(' ');
  const inputTokens = await ask(client, prompt);
  const { weightsBytes, anonymousBytes, otherBytes } = residentOf(daemon.pid!, checkpoint);
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    `after a prompt of ${inputTokens} tokens: weights ${megabytes(weightsBytes)} of ${megabytes(statSync(checkpoint).size)} in the file, ` +
      `anonymous ${megabytes(anonymousBytes)}, programs ${megabytes(otherBytes)}; ` +
      `beyond the weights ${megabytes(anonymousBytes + otherBytes)}`,
  );
};

/** Tokens of the prompt. */
const ask = async (client: Client, prompt: string): Promise<number> => {
  const request = { ...Conversation.empty.user(prompt).request(), maxTokens: MAX_TOKENS };
  let inputTokens = 0;
  for await (const event of client.respond(request)) {
    if (event.type === 'failed') throw new Error(event.error.message);
    if (event.type === 'completed') ({ inputTokens } = event.usage);
  }
  return inputTokens;
};

const sample = async (daemon: ChildProcess): Promise<Sample> => {
  const rollup = readFileSync(`/proc/${daemon.pid}/smaps_rollup`, 'utf8');
  const ofKernel = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1]) / 1024;
  daemon.send('report');
  const [{ usedBytes, totalBytes }] = (await once(daemon, 'message')) as [HeapReport];
  return {
    rss: ofKernel('Rss'),
    anonymous: ofKernel('Anonymous'),
    heapUsed: usedBytes / 2 ** 20,
    heapTotal: totalBytes / 2 ** 20,
  };
};

const print = (when: string, { rss, anonymous, heapUsed, heapTotal }: Sample): void => {
  const megabytes = (value: number): string => `${value.toFixed(1).padStart(6)} MB`;
  console.log(
    `${when.padEnd(20)} resident ${megabytes(rss)}   anonymous ${megabytes(anonymous)}   main heap ${megabytes(heapUsed)} of ${megabytes(heapTotal)}`,
  );
};

/** Least squares, per step. */
const slopeOf = (values: readonly number[]): number => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const middle = (values.length - 1) / 2;
  const covariance = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  return covariance / values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
};

const reach = async (socketPath: string): Promise<Client> => {
  for (;;) {
    try {
      return await connect({ socketPath, name: 'bench' });
    } catch {
      await wait(50); // it is about to listen
    }
  }
};

await measure(
  new Command('bench:memory')
    .description('What the daemon keeps in memory from one request to the next.')
    .option('--node-option <options...>', "other options for the daemon's Node, to compare", [])
    .option(
      '--checkpoint <file>',
      'one long request to it instead, and what is resident after that, by mapping',
    )
    .option('--prompt-words <n>', 'of that request', integer(1), 8_000)
    .parse()
    .opts<Options>(),
);
