// npm run test:faults: faults, one at a time, in pairs and in crowds, against real daemons with the pocket model, whose
// engines have processes of their own; now and then a daemon itself is ended and started again. This process is the
// observer: it sees the sockets, /proc and the files. Ends with `N passed, N failed`, of rounds; a failed one names the
// seed that repeats it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { decimal, integer } from '../../src/cli/option-parsers.js';
import { runLane } from './lane.js';
import { createLedger } from './ledger.js';
import { compileSystem } from './system.js';

const ORIGINAL = fileURLToPath(new URL('../../../../models/pocket/model.bin', import.meta.url));

const PROGRESS_MS = 30_000;

interface Options {
  readonly faults: number;
  readonly minutes?: number;
  readonly seed: number;
  readonly lanes: number;
}

const { faults, minutes, seed, lanes } = new Command('test:faults')
  .description('Injects faults into running daemons and checks after each that all promises hold.')
  .option('--faults <n>', 'ends after so many', integer(1), 60)
  .option('--minutes <n>', 'or after that time, whichever comes first', decimal(0, 10_000))
  .option('--seed <n>', 'which faults, and when', integer(0), 1)
  .option('--lanes <n>', 'daemons at the same time; each waits much', integer(1, 16), 2)
  .parse()
  .opts<Options>();
const startedMs = performance.now();
const deadlineMs = startedMs + (minutes ?? Infinity) * 60_000;
const ledger = createLedger();
const folder = mkdtempSync(join(tmpdir(), 'codexpc-faults-'));
const library = compileSystem(folder);
if (library === null) console.log('without a compiler: the clock is not set, and no disk is slow or full');

const seconds = (): number => (performance.now() - startedMs) / 1000;
const progress = setInterval(() => console.log(`… ${ledger.summary(seconds())}`), PROGRESS_MS);
await Promise.all(
  Array.from({ length: lanes }, (_, index) =>
    runLane({
      folder: join(folder, `lane-${index}`),
      original: ORIGINAL,
      library,
      seed: seed + index * 100_000, // lane 0 alone repeats a run of one lane
      ledger,
      isOver: () => ledger.numFaults() >= faults || performance.now() >= deadlineMs,
    }),
  ),
);
clearInterval(progress);
rmSync(folder, { recursive: true });
process.exitCode = ledger.report(seconds()) ? 0 : 1;
