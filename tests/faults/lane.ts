// One daemon after the other under faults, each in a life of its own, and what must hold beside and after each round.
// Everything is drawn from the lane's seed.

import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULT_RUNNER_BOUNDS } from '../../src/actors/tools/tool.js';
import { type Client, connect } from '../../src/client/index.js';
import { type DaemonProcess, startDaemonProcess } from '../fixtures/daemon-process.js';
import { freePort, type Handles, openHandles } from './handles.js';
import { askHttp, faultOfHttpAnswer, type HttpAnswer } from './http-witness.js';
import type { Ledger } from './ledger.js';
import {
  type Answer,
  ask,
  enginesOf,
  faultOfAnswer,
  faultOfHealth,
  type Holdings,
  holdingsOf,
  processesWith,
  statusOf,
} from './observer.js';
import { createRandom, type Random } from './random.js';
import { TOOL_SETTINGS } from './rows/tools.js';
import type { FaultRow } from './scene.js';
import { createSystem } from './system.js';
import { faultsOf } from './table.js';

export interface LaneOptions {
  /** Its own. */
  readonly folder: string;
  readonly original: string;
  /** Of `compileSystem`; null: clock and disk are the machine's. */
  readonly library: string | null;
  readonly seed: number;
  readonly ledger: Ledger;
  readonly isOver: () => boolean;
}

/** Tool calls that were given up end within seconds, and pools of threads let theirs go. */
const SETTLE_MS = 20_000;
/** A life of a daemon has as many restarts within a minute before it gives its engine up. */
const ENGINE_FAULTS_A_LIFE = 3;
/** Most of those that leave the engine alone, at once. */
const CROWD = 24;
/** One for each engine fault of a life: what was running in two crashes is in quarantine. */
const WITNESSES = [
  'What is codexpc?',
  'How do I stop the daemon?',
  'Where are the settings?',
  'What does codexpc do?',
];
const WITNESS_TOKENS = 30;
/** Enough for the daemon and its engine; a heap without end is full soon. */
const HEAP_MB = 192;
const ENDS: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGABRT'];

interface Alone {
  readonly text: string;
  readonly answer: Answer;
  readonly http: HttpAnswer;
}

interface Life {
  readonly daemon: DaemonProcess;
  readonly client: Client;
  readonly port: number;
  readonly handles: Handles;
  /** With all threads of its pools, which stay a while. */
  readonly idle: { readonly handles: ReadonlyMap<string, number>; readonly holdings: Holdings };
  engineFaults: number;
}

export const runLane = async (options: LaneOptions): Promise<void> => {
  const { folder, original, library, seed, ledger, isOver } = options;
  const random = createRandom(seed);
  mkdirSync(folder);
  const checkpoint = { path: join(folder, 'faults.bin'), original };
  copyFileSync(original, checkpoint.path);
  const system = library === null ? null : createSystem(folder, library);
  const rows = faultsOf(system !== null);
  const quiet = rows.filter(({ hitsEngine }) => !hitsEngine);
  let numRounds = 0;

  /** `connected`: a client of the last life. */
  const start = async (connected: Client | null): Promise<Life> => {
    const inspectorPort = await freePort();
    const daemon = await startDaemonProcess({
      folder,
      settings: settingsOf(checkpoint.path),
      flags: ['--fault', 'none', '--log-level', 'silent'],
      stderr: 'ignore',
      env: {
        NODE_OPTIONS: `--max-old-space-size=${HEAP_MB} --inspect-port=${inspectorPort} --inspect-publish-uid=http`,
        CODEXPC_TEST_FORCE_TOOL: 'asked',
        ...system?.env,
      },
    });
    const port = Number(new URL(daemon.url ?? '').port);
    const handles = await openHandles(daemon.pid, inspectorPort);
    await askForTools(daemon.socket);
    const client = connected ?? (await connect({ socketPath: daemon.socket }));
    ledger.check('a client that connects again', null);
    const { ok } = await client.health();
    if (!ok) throw new Error('a daemon that answers is not ok for a client that connects again');
    const holdings = await settledHoldings(daemon);
    const idle = { handles: await handles.count(), holdings };
    return { daemon, client, port, handles, idle, engineFaults: 0 };
  };

  let life = await start(null);
  const alone: Alone[] = [];
  for (const text of WITNESSES) {
    const http = await askHttp(life.port, text, WITNESS_TOKENS);
    if (http === null) throw new Error('HTTP does not answer');
    alone.push({ text, answer: await ask(life.daemon.socket, text, WITNESS_TOKENS), http });
  }

  const where = (): string => `--seed ${seed}, round ${numRounds} of this lane`;

  /** A life ends by a signal in the middle of an answer; what a fault has left cannot reach the next. */
  const nextLife = async (): Promise<void> => {
    const signal = ENDS[random.below(ENDS.length)] as NodeJS.Signals;
    const idle = ledger.check('timers and handles of an idle daemon', await leftHandles(life).catch(String));
    life.handles.close();
    const ended = await violationOfEnd({ life, folder, signal, random, alone: alone[0] as Alone, ledger });
    life = await start(life.client);
    const next = await violationOfStart(life, alone[0] as Alone, { folder, ledger });
    ledger.tell([`the daemon ended by ${signal}`], idle ?? ended ?? next, where());
  };

  while (!isOver()) {
    numRounds += 1;
    const faults = draw(random, rows, quiet);
    const hits = faults.filter(({ hitsEngine }) => hitsEngine).length;
    if (life.engineFaults + hits > ENGINE_FAULTS_A_LIFE) await nextLife();
    const witness = alone[life.engineFaults % alone.length] as Alone;
    life.engineFaults += hits;
    const scene = {
      ...life.daemon,
      port: life.port,
      checkpoint,
      system,
      random: createRandom(random.below(2 ** 31)),
    };
    const violation = await violationOf({
      faults,
      scene,
      idle: life.idle.holdings,
      witness,
      ledger,
    }).catch(String);
    system?.reset();
    ledger.tell(
      faults.map(({ name }) => name),
      violation,
      where(),
    );
    if (violation !== null) await nextLife();
  }
  await life.client.close();
  life.handles.close();
  await life.daemon.stop();
};

const settingsOf = (checkpoint: string): readonly string[] => [
  `engine.checkpoint = "${checkpoint}"`,
  'engine.isolation = "process"',
  'engine.threads = 1',
  'http.port = 0',
  ...TOOL_SETTINGS,
];

/** One, two, or a crowd. */
const draw = (random: Random, rows: readonly FaultRow[], quiet: readonly FaultRow[]): readonly FaultRow[] => {
  const pickFrom = (from: readonly FaultRow[]): FaultRow => {
    const row = from[random.below(from.length)] as FaultRow;
    return row.isCostly === true && random.below(4) > 0 ? pickFrom(from) : row;
  };
  const kind = random.below(4);
  if (kind === 0) return [pickFrom(rows)];
  if (kind === 1) return [pickFrom(rows), pickFrom(rows)];
  const crowd = Array.from({ length: 4 + random.below(CROWD - 4) }, () => pickFrom(quiet));
  return kind === 2 ? crowd : [...crowd, pickFrom(rows)];
};

/** All threads of the tools' pool are started, and both front ends have answered. */
const askForTools = async (socket: string): Promise<void> => {
  await ask(socket, WITNESSES[0] as string, 1);
  const call = 'force {"name":"sleeps","arguments":{}}';
  await Promise.all(
    Array.from({ length: 2 * DEFAULT_RUNNER_BOUNDS.maxConcurrent }, () => ask(socket, call, 60)),
  );
};

/** When nothing has changed for a while. */
const settledHoldings = async ({ pid }: DaemonProcess): Promise<Holdings> => {
  let last = holdingsOf(pid);
  for (let numSame = 0; numSame < 5; numSame++) {
    await sleep(50);
    const now = holdingsOf(pid);
    if (now.descriptors !== last.descriptors || now.children !== last.children) numSame = 0;
    last = now;
  }
  return last;
};

interface Round {
  readonly faults: readonly FaultRow[];
  readonly scene: Parameters<FaultRow['inject']>[0];
  readonly idle: Holdings;
  readonly witness: Alone;
  readonly ledger: Ledger;
}

const violationOf = async ({ faults, scene, idle, witness, ledger }: Round): Promise<string | null> => {
  const { socket, pid, port, random } = scene;
  const [engineBefore] = enginesOf(pid);
  const restartsBefore = (await statusOf(socket)).engine.restarts;
  const hits = faults.filter(({ hitsEngine }) => hitsEngine).length;
  const turnsAway = faults.some(({ refusesConnections }) => refusesConnections === true);
  const beside = ask(socket, witness.text, WITNESS_TOKENS);
  const besideHttp = askHttp(port, witness.text, WITNESS_TOKENS);
  const injected = await Promise.allSettled([
    sleep(random.below(100)).then(() => faultOfHealth(socket)),
    ...faults.map((fault) => fault.inject(scene)),
  ]);
  const [health, ...thrown] = injected;
  const wrong = thrown.find(({ status }) => status === 'rejected');
  const { check } = ledger;
  const violations = [
    check(
      'health tells what becomes of a request',
      health?.status === 'fulfilled' ? health.value : String(health?.reason),
    ),
    check(
      'answers to odd requests end once, whole and in order',
      wrong?.status === 'rejected' ? String(wrong.reason) : null,
    ),
    check('an answer beside the faults', faultOfAnswer(await beside, witness.answer, hits > 0)),
    check(
      'an answer over HTTP beside the faults',
      faultOfHttpAnswer(await besideHttp, witness.http, { fail: hits > 0, break: turnsAway }),
    ),
    // Whatever has happened: the next one is answered, and as ever.
    check(
      'the answer after the faults',
      faultOfAnswer(await ask(socket, witness.text, WITNESS_TOKENS), witness.answer, false),
    ),
    check('slots, queue, connections, descriptors and processes', await leftovers(socket, pid, idle)),
    check(
      'the count of restarts',
      await faultOfRestarts({ socket, pid, hits, restartsBefore, engineBefore }),
    ),
  ];
  return violations.find((violation) => violation !== null) ?? null;
};

/** What is still not as it was before the faults, when everything has had its time; null: nothing. */
const leftovers = async (socket: string, pid: number, before: Holdings): Promise<string | null> => {
  let found: string | null = null;
  const deadline = performance.now() + SETTLE_MS;
  do {
    const status = await statusOf(socket);
    const now = holdingsOf(pid);
    found =
      status.requests.running > 0 || status.slots.used > 0 || status.queue.length > 0
        ? `still runs: ${JSON.stringify({ ...status.slots, ...status.queue, ...status.requests })}`
        : status.connections.open > CLIENTS
          ? `${status.connections.open - CLIENTS} connections stayed open`
          : now.descriptors > before.descriptors || now.children !== before.children
            ? `holds ${JSON.stringify(now)}, before ${JSON.stringify(before)}`
            : null;
    if (found !== null) await sleep(20);
  } while (found !== null && performance.now() < deadline);
  return found;
};

/** The lane's client, which stays, and the one that asks for the status. */
const CLIENTS = 2;

interface Restarts {
  readonly socket: string;
  readonly pid: number;
  readonly hits: number;
  readonly restartsBefore: number;
  readonly engineBefore: number | undefined;
}

/** Against the engine's process, which is another one after each restart. */
const faultOfRestarts = async (round: Restarts): Promise<string | null> => {
  const restarts = (await statusOf(round.socket)).engine.restarts - round.restartsBefore;
  const isAnother = enginesOf(round.pid)[0] !== round.engineBefore;
  if (restarts > round.hits)
    return `the engine was started again ${restarts} times, after ${round.hits} faults`;
  return isAnother === restarts > 0
    ? null
    : `${restarts} restarts are told; ${isAnother ? 'another' : 'the same'} process runs`;
};

/** Each restart keeps a timer for the time that it counts. */
const leftHandles = async ({ daemon, handles, idle }: Life): Promise<string | null> => {
  let left: readonly string[] = [];
  const { restarts } = (await statusOf(daemon.socket)).engine;
  const allowed = (kind: string): number =>
    (idle.handles.get(kind) ?? 0) + (kind === 'Timeout' ? restarts : 0);
  const deadline = performance.now() + SETTLE_MS;
  do {
    left = [...(await handles.count())]
      .filter(([kind, count]) => count > allowed(kind))
      .map(([kind, count]) => `${count} ${kind} instead of ${allowed(kind)}`);
    if (left.length > 0) await sleep(100);
  } while (left.length > 0 && performance.now() < deadline);
  return left.length === 0 ? null : `an idle daemon keeps ${left.join(', ')}`;
};

interface End {
  readonly life: Life;
  readonly folder: string;
  readonly signal: NodeJS.Signals;
  readonly random: Random;
  readonly alone: Alone;
  readonly ledger: Ledger;
}

/** Ends the daemon in the middle of an answer: the client sees an end, and nothing of the daemon stays. */
const violationOfEnd = async ({
  life,
  folder,
  signal,
  random,
  alone,
  ledger,
}: End): Promise<string | null> => {
  const { daemon } = life;
  const beside = ask(daemon.socket, alone.text, WITNESS_TOKENS);
  await sleep(random.below(300));
  daemon.child.kill(signal);
  const { tokens } = await beside; // it comes back: no client hangs
  await daemon.exited;
  const left = readdirSync(join(folder, 'tmp'));
  const isOrderly = signal === 'SIGTERM' || signal === 'SIGINT';
  const violations = [
    ledger.check(
      'tokens up to the end of the daemon',
      tokens.some((token, index) => token !== alone.answer.tokens[index])
        ? 'the answer had other tokens'
        : null,
    ),
    ledger.check(
      'the socket of a daemon that stopped',
      isOrderly && existsSync(daemon.socket) ? 'the socket was left behind' : null,
    ),
    ledger.check(
      'temporary files',
      left.length > 0 ? `temporary files were left behind: ${left.join(', ')}` : null,
    ),
    ledger.check('processes of a daemon that has gone', await leftProcesses(folder)),
  ];
  return violations.find((violation) => violation !== null) ?? null;
};

const leftProcesses = async (folder: string): Promise<string | null> => {
  const deadline = performance.now() + SETTLE_MS;
  let left = processesWith(`HOME=${folder}`);
  while (left.length > 0 && performance.now() < deadline) {
    await sleep(20);
    left = processesWith(`HOME=${folder}`);
  }
  return left.length === 0 ? null : `processes ${left.join(', ')} outlived the daemon`;
};

interface Start {
  readonly folder: string;
  readonly ledger: Ledger;
}

const violationOfStart = async (
  { daemon }: Life,
  alone: Alone,
  { folder, ledger }: Start,
): Promise<string | null> => {
  const prefixes = join(folder, '.cache', 'codexpc', 'prefixes');
  const unfinished = existsSync(prefixes)
    ? readdirSync(prefixes).filter((name) => name.endsWith('.tmp'))
    : [];
  const answer = await ask(daemon.socket, alone.text, WITNESS_TOKENS);
  const violations = [
    ledger.check('the answer of the next life', faultOfAnswer(answer, alone.answer, false)),
    ledger.check(
      'unfinished files',
      unfinished.length > 0 ? `${unfinished.join(', ')} was left of the last life` : null,
    ),
  ];
  return violations.find((violation) => violation !== null) ?? null;
};
