// npm run test:faults [-- --faults N --minutes N --seed N]: faults, one at a time, in pairs and in crowds, against a real
// daemon with the pocket model, whose engine has a process of its own; now and then the daemon itself is ended and started
// again. This process is the observer: it sees only the sockets and /proc.
// Ends with `N passed, N failed`, of rounds; a failed one names the seed that repeats it.

import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type DaemonProcess, startDaemonProcess } from '../fixtures/daemon-process.js';
import { type Answer, ask, faultOfAnswer, faultOfHealth, holdingsOf, statusOf } from './observer.js';
import { createRandom, type Random } from './random.js';
import { type FaultRow, FAULTS } from './table.js';

const ORIGINAL = fileURLToPath(new URL('../../../../models/pocket/model.bin', import.meta.url));
const SETTLE_MS = 20_000;
/** Within one life of a daemon: a request that was running in two crashes is in quarantine, and the witness is always one. */
const ENGINE_FAULTS_A_LIFE = 1;
/** Most of those that leave the engine alone, at once. */
const CROWD = 12;
const WITNESS = 'What is codexpc?';
const WITNESS_TOKENS = 60;

const { values } = parseArgs({
  options: {
    faults: { type: 'string', default: '60' },
    minutes: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: '1' },
  },
});
const numFaults = Number(values.faults);
const seed = Number(values.seed);
const deadline = performance.now() + Number(values.minutes) * 60_000;
let numChecks = 0;

const folder = mkdtempSync(join(tmpdir(), 'codexpc-faults-'));
const checkpoint = { path: join(folder, 'model.bin'), original: ORIGINAL };
copyFileSync(ORIGINAL, checkpoint.path);

const startDaemon = (): Promise<DaemonProcess> =>
  startDaemonProcess({
    folder,
    settings: [
      `engine.checkpoint = "${checkpoint.path}"`,
      'engine.isolation = "process"',
      'engine.threads = 1',
      'http.port = 0',
    ],
    flags: ['--fault', 'none', '--log-level', 'silent'],
  });

/** What is still not as it was before the faults, when everything has had its time; null: nothing. */
const leftovers = async (socket: string, pid: number, before: ReturnType<typeof holdingsOf>) => {
  let found: string | null = null;
  const deadline = performance.now() + SETTLE_MS;
  do {
    const status = await statusOf(socket);
    const now = holdingsOf(pid);
    found =
      status.requests.running > 0 || status.slots.used > 0 || status.queue.length > 0
        ? `still runs: ${JSON.stringify({ ...status.slots, ...status.queue, ...status.requests })}`
        : status.connections.open > 1
          ? `${status.connections.open - 1} connections stayed open`
          : now.descriptors > before.descriptors || now.children !== before.children
            ? `holds ${JSON.stringify(now)}, before ${JSON.stringify(before)}`
            : null;
    if (found !== null) await sleep(50);
  } while (found !== null && performance.now() < deadline);
  return found;
};

const violationOf = async (
  faults: readonly FaultRow[],
  roundSeed: number,
  { socket, pid, url }: DaemonProcess,
  alone: Answer,
): Promise<string | null> => {
  const before = holdingsOf(pid);
  const restarts = (await statusOf(socket)).engine.restarts;
  const random = createRandom(roundSeed);
  const witness = ask(socket, WITNESS, WITNESS_TOKENS);
  const port = Number(new URL(url ?? '').port);
  const [health] = await Promise.all([
    sleep(random.below(100)).then(() => faultOfHealth(socket)),
    ...faults.map((fault) => fault.inject({ socket, pid, port, checkpoint, random })),
  ]);
  numChecks += 6; // of this round: health, both answers, what is left over, descriptors and processes, restarts
  if (health !== null) return health;
  const hitsEngine = faults.some((fault) => fault.hitsEngine);
  const wrong = faultOfAnswer(await witness, alone, hitsEngine);
  if (wrong !== null) return `the answer beside it ${wrong}`;
  // Whatever has happened: the next one is answered, and as ever.
  const next = faultOfAnswer(await ask(socket, WITNESS, WITNESS_TOKENS), alone, false);
  if (next !== null) return `the answer behind it ${next}`;
  const left = await leftovers(socket, pid, before);
  if (left !== null) return left;
  const restarted = (await statusOf(socket)).engine.restarts - restarts;
  return restarted > faults.filter((fault) => fault.hitsEngine).length || (!hitsEngine && restarted > 0)
    ? `the engine was started again ${restarted} times`
    : null;
};

/** Ends the daemon in the middle of an answer: the client sees an end, and the next start finds nothing in its way. */
const violationOfEnd = async (
  daemon: DaemonProcess,
  signal: NodeJS.Signals,
  random: Random,
  alone: Answer,
) => {
  numChecks += 3;
  const witness = ask(daemon.socket, WITNESS, WITNESS_TOKENS);
  await sleep(random.below(300));
  daemon.child.kill(signal);
  const { tokens } = await witness; // it comes back: no client hangs
  await daemon.exited;
  if (tokens.some((token, index) => token !== alone.tokens[index])) return 'the answer had other tokens';
  if (signal === 'SIGTERM' && existsSync(daemon.socket)) return 'the socket was left behind';
  const left = readdirSync(join(folder, 'tmp'));
  return left.length > 0 ? `temporary files were left behind: ${left.join(', ')}` : null;
};

const ENDS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGABRT'];
const QUIET = FAULTS.filter(({ hitsEngine }) => !hitsEngine);

const random = createRandom(seed);
const injected = new Map<string, number>();
let daemon = await startDaemon();
const alone = await ask(daemon.socket, WITNESS, WITNESS_TOKENS);
let [count, engineFaults, passed, failed] = [0, 0, 0, 0];
const tell = (names: readonly string[], violation: string | null): void => {
  count += names.length;
  for (const name of names) injected.set(name, (injected.get(name) ?? 0) + 1);
  if (violation === null) {
    passed += 1;
    return;
  }
  failed += 1;
  console.log(`FAILED ${names.join(' + ')} (--seed ${seed}, fault ${count})\n       ${violation}`);
};

/** A life ends by a signal in the middle of an answer; what a fault has left cannot reach the next. */
const nextLife = async (): Promise<void> => {
  const signal = ENDS[random.below(ENDS.length)] as NodeJS.Signals;
  const violation = await violationOfEnd(daemon, signal, random, alone).catch(String);
  daemon = await startDaemon();
  const next = violation ?? faultOfAnswer(await ask(daemon.socket, WITNESS, WITNESS_TOKENS), alone, false);
  tell([`the daemon ended by ${signal}`], next);
  engineFaults = 0;
};

while (count < numFaults && performance.now() < deadline) {
  const pickFrom = (rows: readonly FaultRow[]): FaultRow => rows[random.below(rows.length)] as FaultRow;
  const kind = random.below(4);
  const faults =
    kind === 0
      ? [pickFrom(FAULTS)]
      : kind === 1
        ? [pickFrom(FAULTS), pickFrom(FAULTS)]
        : Array.from({ length: 2 + random.below(CROWD - 1) }, () => pickFrom(QUIET));
  const roundSeed = random.below(2 ** 31);
  const hits = faults.filter(({ hitsEngine }) => hitsEngine).length;
  if (engineFaults + hits > ENGINE_FAULTS_A_LIFE) await nextLife();
  engineFaults += hits;
  const violation = await violationOf(faults, roundSeed, daemon, alone).catch(String);
  tell(
    faults.map(({ name }) => name),
    violation,
  );
  if (violation !== null) await nextLife();
}
await daemon.stop();
rmSync(folder, { recursive: true });
for (const [name, times] of [...injected].sort()) console.log(`${String(times).padStart(5)}  ${name}`);
console.log(`${count} faults in ${passed + failed} rounds, ${numChecks} checks, seed ${seed}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
