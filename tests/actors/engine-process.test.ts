// The engine in a process of its own: the same answers, and native crashes that cost the running requests alone.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parseFault } from '../../src/actors/fault.js';
import type { Daemon } from '../../src/daemon.js';
import { CHECKPOINT_SHAPES, checkpointPieces } from '../../tools/checkpoint-writer.js';
import {
  ask,
  type CollectingSink,
  startTestDaemon,
  stopTestDaemon,
  type TestDaemonOptions,
} from './test-daemon.js';

jest.setTimeout(60_000);

/** Children of this process, by what `ps` shows of them. */
const engineProcesses = (): readonly number[] =>
  execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => /codexpc-engine|engine-process/.test(line))
    .map((line) => Number.parseInt(line, 10));

describe('the engine in its own process', () => {
  let folder: string;
  let checkpoint: string;
  let daemon: Daemon | null;
  beforeEach(() => {
    daemon = null;
    folder = mkdtempSync(join(tmpdir(), 'codexpc-process-'));
    checkpoint = join(folder, 'small.bin');
    const pieces = checkpointPieces(CHECKPOINT_SHAPES['small'], 1);
    writeFileSync(checkpoint, Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece))));
  });
  afterEach(async () => {
    if (daemon !== null) await stopTestDaemon(daemon);
    expect(engineProcesses()).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  const start = (options: TestDaemonOptions = {}): Daemon => {
    daemon = startTestDaemon({
      addonModule: null,
      checkpoint,
      ...options,
      engine: { isolation: 'process', ...options.engine },
    });
    return daemon;
  };
  const askFor = (numTokens: number): CollectingSink =>
    ask(daemon as Daemon, 'hello', {
      maxTokens: numTokens,
      include: ['tokens'],
      sampling: { temperature: 0 },
    });
  const tokensOf = ({ events }: CollectingSink): readonly number[] =>
    events.flatMap((event) => (event.type === 'tokens.delta' ? event.tokens.map(({ token }) => token) : []));

  test('answers as in the daemon’s thread, and ends with the daemon', async () => {
    const answers: (readonly number[])[] = [];
    for (const isolation of ['thread', 'process'] as const) {
      start({ engine: { isolation } });
      const answer = askFor(40);
      expect(await answer.ended).toMatchObject({ type: 'completed' });
      expect(engineProcesses()).toHaveLength(isolation === 'process' ? 1 : 0);
      answers.push(tokensOf(answer));
      await stopTestDaemon(daemon as Daemon);
    }
    expect(answers[0]).not.toEqual([]);
    expect(answers[1]).toEqual(answers[0]);
  });

  test.each([
    ['native code that aborts', 'abort@3', /ended by SIGABRT/],
    ['a call that throws', 'throw@3', /injected fault at token 3/],
    ['bad numbers', 'nan@3', /log-probability NaN/],
    ['a worker that exits', 'exit@3', /exit code 7/],
  ])('%s fails the request, and the next one is answered', async (_, fault, message) => {
    start({ fault: parseFault(fault) });
    const failed = askFor(40);
    expect(await failed.ended).toMatchObject({
      type: 'failed',
      error: { code: 'engine_exited', message: expect.stringMatching(message) },
    });
    const next = askFor(5);
    expect(await next.ended).toMatchObject({ type: 'completed' });
    expect(daemon?.status().engine.restarts).toBe(1);
    expect(engineProcesses()).toHaveLength(1);
  });

  test('tells times that are true, also when somebody has set the clock since the daemon began', async () => {
    // The wall clock as it was when a process began: for the engine's, an hour earlier than for ours.
    const timeOrigin = performance.timeOrigin + 3_600_000;
    Object.defineProperty(performance, 'timeOrigin', { value: timeOrigin, configurable: true });
    try {
      start();
      const end = await askFor(5).ended;
      if (end.type !== 'completed') throw new Error(`ended with ${end.type}`);
      const { queuedMs, prefillMs, decodeMs, totalMs } = end.timings;
      for (const part of [queuedMs, prefillMs, decodeMs]) {
        expect(part).toBeGreaterThanOrEqual(0);
        expect(part).toBeLessThanOrEqual(totalMs);
      }
    } finally {
      Reflect.deleteProperty(performance, 'timeOrigin');
    }
  });

  test('a process that is killed is started again', async () => {
    // It stays in the middle of its answer until it is killed.
    start({ fault: parseFault('hang@3'), enginePolicy: { heartbeatLimitMs: 60_000 } });
    const running = askFor(40);
    await running.until((event) => event.type === 'tokens.delta');
    engineProcesses().forEach((pid) => process.kill(pid, 'SIGKILL'));
    expect(await running.ended).toMatchObject({
      type: 'failed',
      error: { code: 'engine_exited', message: expect.stringContaining('SIGKILL') },
    });
    expect(await askFor(5).ended).toMatchObject({ type: 'completed' });
  });

  test('a hang in native code ends with the process', async () => {
    start({ fault: parseFault('hang@2'), enginePolicy: { heartbeatLimitMs: 300 } });
    expect(await askFor(20).ended).toMatchObject({ type: 'failed', error: { code: 'engine_unresponsive' } });
    expect(await askFor(5).ended).toMatchObject({ type: 'completed' });
  });

  test('a terminal’s Ctrl-C and a service’s SIGTERM to the group leave it to the daemon', async () => {
    start();
    await askFor(2).ended;
    const [pid] = engineProcesses() as [number];
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.kill(pid, signal);
    expect(await askFor(5).ended).toMatchObject({ type: 'completed' });
    expect(engineProcesses()).toEqual([pid]);
    expect(daemon?.status().engine.restarts).toBe(0);
  });

  test('a checkpoint that is cut off while it is in use costs the requests that read it', async () => {
    start();
    await askFor(2).ended;
    truncateSync(checkpoint, 4096);
    // The file is another one by now, so this is refused without touching the one that is mapped.
    expect(await askFor(5).ended).toMatchObject({ type: 'failed', error: { code: 'model_corrupt' } });
    expect(daemon?.status().engine.restarts).toBe(0);
  });

  test('a checkpoint that is cut off during an answer costs that answer', async () => {
    start({ session: { tokenCredit: 1 } }); // the engine runs at most a token ahead of this test
    const running = askFor(3000);
    await running.until((event) => event.type === 'tokens.delta');
    truncateSync(checkpoint, 4096);
    expect(await running.ended).toMatchObject({
      type: 'failed',
      error: { code: 'engine_exited', message: expect.stringContaining('SIGBUS') },
    });
    expect(await askFor(5).ended).toMatchObject({ type: 'failed', error: { code: 'model_corrupt' } });
    expect(daemon?.status().engine.restarts).toBe(1);
  });
});
