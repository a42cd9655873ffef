// npm run test:faults [-- --faults N --seed N]: faults, one at a time and in pairs, against a real daemon with the pocket
// model, whose engine has a process of its own. This process is the observer: it sees only the socket and /proc.
// Ends with `N passed, N failed`, of rounds; a failed one names the seed that repeats it.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Answer, ask, faultOfAnswer, holdingsOf, statusOf } from './observer.js';
import { createRandom } from './random.js';
import { type FaultRow, FAULTS } from './table.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const SETTLE_MS = 20_000;
/** Within one life of a daemon: a request that was running in two crashes is in quarantine, and the witness is always one. */
const ENGINE_FAULTS_A_LIFE = 1;
const WITNESS = 'What is codexpc?';
const WITNESS_TOKENS = 60;

const { values } = parseArgs({
  options: { faults: { type: 'string', default: '60' }, seed: { type: 'string', default: '1' } },
});
const numFaults = Number(values.faults);
const seed = Number(values.seed);

const startDaemon = async (folder: string) => {
  const socket = join(folder, 'socket');
  writeFileSync(join(folder, 'config.toml'), '[engine]\nisolation = "process"\nthreads = 1\n');
  const flags = ['--config', join(folder, 'config.toml'), '--socket', socket, '--log-level', 'silent'];
  const child = spawn(process.execPath, [join(ROOT, 'build/js/src/cli/main.js'), 'daemon', ...flags], {
    env: { PATH: process.env['PATH'], HOME: folder, XDG_RUNTIME_DIR: folder, CODEXPC_HTTP: 'false' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const deadline = performance.now() + 60_000;
  let last: unknown = null;
  while (performance.now() < deadline && child.exitCode === null) {
    try {
      await statusOf(socket);
      return {
        socket,
        pid: child.pid as number,
        stop: async () => {
          child.kill('SIGTERM');
          await exited;
        },
      };
    } catch (error) {
      last = error;
      await sleep(50); // it is still starting
    }
  }
  throw new Error('the daemon did not start', { cause: last });
};

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
  { socket, pid }: { readonly socket: string; readonly pid: number },
  alone: Answer,
): Promise<string | null> => {
  const before = holdingsOf(pid);
  const restarts = (await statusOf(socket)).engine.restarts;
  const random = createRandom(roundSeed);
  const witness = ask(socket, WITNESS, WITNESS_TOKENS);
  await Promise.all(faults.map((fault) => fault.inject({ socket, pid, random })));
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

const folder = mkdtempSync(join(tmpdir(), 'codexpc-faults-'));
const random = createRandom(seed);
const injected = new Map<string, number>();
let daemon = await startDaemon(folder);
const alone = await ask(daemon.socket, WITNESS, WITNESS_TOKENS);
let [count, engineFaults, passed, failed] = [0, 0, 0, 0];
while (count < numFaults) {
  const pick = (): FaultRow => FAULTS[random.below(FAULTS.length)] as FaultRow;
  const faults = random.below(2) === 0 ? [pick()] : [pick(), pick()];
  const roundSeed = random.below(2 ** 31);
  engineFaults += faults.filter(({ hitsEngine }) => hitsEngine).length;
  if (engineFaults > ENGINE_FAULTS_A_LIFE) {
    await daemon.stop();
    daemon = await startDaemon(folder);
    await ask(daemon.socket, WITNESS, WITNESS_TOKENS);
    engineFaults = faults.filter(({ hitsEngine }) => hitsEngine).length;
  }
  const title = faults.map(({ name }) => name).join(' + ');
  const violation = await violationOf(faults, roundSeed, daemon, alone).catch((error: unknown) =>
    String(error),
  );
  count += faults.length;
  for (const { name } of faults) injected.set(name, (injected.get(name) ?? 0) + 1);
  if (violation === null) passed += 1;
  else {
    failed += 1;
    console.log(`FAILED ${title} (--seed ${seed}, fault ${count})\n       ${violation}`);
  }
}
await daemon.stop();
rmSync(folder, { recursive: true });
for (const [name, times] of [...injected].sort()) console.log(`${String(times).padStart(5)}  ${name}`);
console.log(`${count} faults in ${passed + failed} rounds, seed ${seed}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
