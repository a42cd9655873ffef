// npm run soak: a daemon with the pocket model under mixed clients, watched from outside (Linux: /proc). Prints a report;
// exit code 1 when a bar is missed. After the warm-up the clients come in rounds, and between these, when nobody asks
// anything and garbage is collected, memory is measured: a run of 30 minutes tells its slope, a short one tells the rest.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { decimal, integer } from '../../src/cli/option-parsers.js';
import { type DaemonProcess, startDaemonProcess } from '../fixtures/daemon-process.js';
import { createRandom } from '../faults/random.js';
import { statusOf } from '../faults/observer.js';
import { runClients } from './clients.js';
import { createFiller } from './filler.js';
import { createLedger } from './ledger.js';
import {
  PROBE_FLAGS,
  type Probed,
  probeEnv,
  type Sample,
  sampleOf,
  type SettledSample,
  settledSampleOf,
} from './probe.js';
import { createReport } from './report.js';
import { tryCrowd, tryFairness, tryQueue } from './trials.js';

const SAMPLE_MS = 1_000;
/** Of the whole time: slots, caches and heaps reach the size that they keep. */
const WARM_UP_SHARE = 0.3;
const ROUND_MS = 30_000;
const FAIRNESS_SHARE = 0.05;
const MIN_FAIRNESS_MS = 5_000;
const MAX_FAIRNESS_MS = 30_000;
const SETTLE_LIMIT_MS = 120_000;
/** What a pool of threads or a kept connection may still hold on to when nobody asks anything. */
const SETTLE_MS = 2_000;

interface Options {
  readonly minutes: number;
  readonly seed: number;
  readonly isolation: 'thread' | 'process';
}

const { minutes, seed, isolation } = new Command('soak')
  .description('A daemon with the pocket model under mixed clients, watched from outside.')
  .option('--minutes <n>', 'about 30 tell whether memory grows', decimal(0, 10_000), 30)
  .option('--seed <n>', 'what the clients ask, and when', integer(0), 1)
  .addOption(
    new Option('--isolation <kind>', 'where the engine runs')
      .choices(['thread', 'process'])
      .default('thread'),
  )
  .parse()
  .opts<Options>();
const totalMs = minutes * 60_000;
const hasSandbox = spawnSync('bwrap', ['--ro-bind', '/', '/', 'true']).status === 0;
const SETTINGS = [
  '[engine]',
  `isolation = "${isolation}"`,
  // Small enough to be full when the warm-up ends: what grows after that is a leak.
  '[cache]',
  'memory = "32 MiB"',
  'disk = "32 MiB"',
  '[queue]',
  'bound = 16',
  '[http]',
  'port = 0',
  '[tools.clock]',
  'enabled = true',
  '[tools.calculator]',
  'enabled = true',
  ...(hasSandbox ? ['[tools.shell]', 'enabled = true'] : []),
];

const folder = mkdtempSync(join(tmpdir(), 'codexpc-soak-'));
const heapFolder = join(folder, 'heaps');
const probedOf = ({ pid }: DaemonProcess): Probed => ({
  pid,
  temporaryFolder: join(folder, 'tmp'),
  heapFolder,
});
const ledger = createLedger();
const random = createRandom(seed);
const filler = createFiller(ledger, random);

/** The mixed clients for that long; a sample each second. */
const mix = async (daemon: DaemonProcess, forMs: number): Promise<readonly Sample[]> => {
  const stopping = new AbortController();
  const clients = runClients({ daemon, ledger, random, signal: stopping.signal });
  const samples: Sample[] = [];
  const deadline = performance.now() + forMs;
  while (performance.now() < deadline) {
    await sleep(SAMPLE_MS);
    samples.push(sampleOf(probedOf(daemon)));
    const { queue } = await statusOf(daemon.socket).catch(() => ({ queue: null }));
    if (queue === null) ledger.violation('the daemon did not tell its status');
    else if (queue.length > queue.bound)
      ledger.violation(`${queue.length} requests waited, ${queue.bound} are allowed`);
  }
  stopping.abort();
  await clients;
  return samples;
};

/** A sample of the daemon when nobody asks anything. */
const settled = async (daemon: DaemonProcess): Promise<SettledSample> => {
  await filler.fillPrompts(daemon);
  const deadline = performance.now() + SETTLE_LIMIT_MS;
  for (;;) {
    const { requests, slots, queue, connections } = await statusOf(daemon.socket);
    const isIdle = requests.running + requests.awaitingTool + slots.used + queue.length === 0;
    if (isIdle && connections.open <= 1) break;
    if (performance.now() > deadline) {
      ledger.violation(
        `not idle after the clients had left: ${JSON.stringify({ requests, slots, queue, connections })}`,
      );
      break;
    }
    await sleep(100);
  }
  await sleep(SETTLE_MS);
  const sample = await settledSampleOf(probedOf(daemon));
  console.log(JSON.stringify(sample));
  return sample;
};

mkdirSync(heapFolder);
const daemon = await startDaemonProcess({
  folder,
  settings: SETTINGS,
  nodeFlags: PROBE_FLAGS,
  env: probeEnv(heapFolder),
});
console.log(
  `${cpus()[0]?.model}, ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)} at the start; seed ${seed}, ` +
    `engine in a ${isolation}, ${hasSandbox ? '' : 'no sandbox, so no shell; '}${minutes} minutes`,
);
const warmUpMs = totalMs * WARM_UP_SHARE;
const fairnessMs = Math.max(MIN_FAIRNESS_MS, Math.min(totalMs * FAIRNESS_SHARE, MAX_FAIRNESS_MS));
const startedMs = performance.now();
await filler.fillTexts(daemon);
await filler.fillAnswers(daemon, warmUpMs / 4);
await mix(daemon, warmUpMs / 4);
const crowd = await tryCrowd(daemon, ledger);
const queue = await tryQueue(daemon, ledger);
const fairness = await tryFairness(daemon, ledger, fairnessMs);
await mix(daemon, warmUpMs / 2); // the trials leave buffers and code behind, which the clients' work replaces
const rounds: SettledSample[] = [await settled(daemon)];
const samples: Sample[] = [];
const endMs = Math.max(startedMs + totalMs, performance.now() + totalMs / 4);
while (performance.now() < endMs) {
  samples.push(...(await mix(daemon, Math.min(ROUND_MS, endMs - performance.now()))));
  rounds.push(await settled(daemon));
}
const status = await statusOf(daemon.socket);
const exitCode = await daemon.stop();
if (exitCode !== 0) ledger.violation(`the daemon ended with exit code ${exitCode}`);
rmSync(folder, { recursive: true });

const report = createReport({ ledger, samples, settled: rounds, status, crowd, queue, fairness });
console.log(report.text);
process.exitCode = report.isMet ? 0 : 1;
