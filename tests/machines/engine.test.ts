import { describe, expect, test } from '@jest/globals';
import { createActor, fromCallback, fromPromise, SimulatedClock } from 'xstate';
import { CodexpcError } from '../../src/errors.js';
import {
  createEngineMachine,
  type EngineEvent,
  type EngineNotice,
  type EnginePhase,
  enginePhaseOf,
  type EnginePolicy,
  type WorkerCommand,
} from '../../src/machines/engine.js';

const POLICY: EnginePolicy = { keepAliveMs: 60_000, heartbeatLimitMs: 10_000, loadingLimitMs: 120_000 };
const ERROR = new CodexpcError({ code: 'engine_exited', message: 'for the test' });

interface Settle {
  resolve(): void;
  reject(error: unknown): void;
}

const startEngine = (policy: EnginePolicy = POLICY) => {
  const clock = new SimulatedClock();
  const loads: (Settle & { readonly checkpoint: string })[] = [];
  const unloads: Settle[] = [];
  const toWorker: string[] = [];
  const notices: EngineNotice[] = [];
  const machine = createEngineMachine({
    runWorker: fromCallback<WorkerCommand>(({ receive }) => {
      receive(({ type }) => void toWorker.push(type));
      return () => void toWorker.push('ended');
    }),
    loadModel: fromPromise<void, { checkpoint: string }>(
      ({ input: { checkpoint } }) =>
        new Promise((resolve, reject) => loads.push({ checkpoint, resolve, reject })),
    ),
    unloadModel: fromPromise<void>(() => new Promise((resolve, reject) => unloads.push({ resolve, reject }))),
  });
  const actor = createActor(machine, { clock, input: { policy } });
  actor.on('*', (notice) => void notices.push(notice));
  actor.start();
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    clock,
    notices,
    toWorker,
    loads,
    unloads,
    send: (...events: readonly EngineEvent[]) => events.forEach((event) => actor.send(event)),
    phase: (): EnginePhase => enginePhaseOf(actor.getSnapshot()),
    loaded: async () => {
      loads.at(-1)!.resolve();
      await settled();
    },
    refused: async (error: unknown) => {
      loads.at(-1)!.reject(error);
      await settled();
    },
    unloaded: async () => {
      unloads.at(-1)!.resolve();
      await settled();
    },
    couldNotUnload: async () => {
      unloads.at(-1)!.reject(new Error('for the test'));
      await settled();
    },
  };
};
type Started = ReturnType<typeof startEngine>;

const WORKER_READY: EngineEvent = { type: 'worker.ready' };
const LOAD_A: EngineEvent = { type: 'load', checkpoint: 'a' };
const LOAD_B: EngineEvent = { type: 'load', checkpoint: 'b' };
const UNLOAD: EngineEvent = { type: 'unload' };
const STARTED: EngineEvent = { type: 'request.started' };
const ENDED: EngineEvent = { type: 'request.ended' };
const EXITED: EngineEvent = { type: 'worker.exited', error: ERROR };
const STOP: EngineEvent = { type: 'engine.stop' };

const REACH: Readonly<Record<EnginePhase, (started: Started) => void | Promise<void>>> = {
  starting: () => {},
  idle: ({ send }) => send(WORKER_READY),
  loading: ({ send }) => send(WORKER_READY, LOAD_A),
  ready: async ({ send, loaded }) => {
    send(WORKER_READY, LOAD_A);
    await loaded();
  },
  generating: async (started) => {
    await REACH.ready(started);
    started.send(STARTED);
  },
  unloading: async (started) => {
    await REACH.ready(started);
    started.send(UNLOAD);
  },
  stopping: ({ send }) => send(WORKER_READY, STOP),
  failed: ({ send }) => send(WORKER_READY, EXITED),
  stopped: ({ send }) => send(WORKER_READY, STOP, EXITED),
};

const EVENTS = {
  'worker.ready': WORKER_READY,
  'worker.beat': { type: 'worker.beat' },
  'worker.exited': EXITED,
  'worker.closed': { type: 'worker.closed' },
  'heartbeat.late': { type: 'heartbeat.late' },
  'heartbeat.recovered': { type: 'heartbeat.recovered' },
  'load a': LOAD_A,
  'load b': LOAD_B,
  unload: UNLOAD,
  'request.started': STARTED,
  'request.ended': ENDED,
  'engine.stop': STOP,
} as const satisfies Record<string, EngineEvent>;

const COLUMNS = [
  'starting',
  'idle',
  'loading',
  'ready',
  'generating',
  'unloading',
  'stopping',
  'failed',
  'stopped',
] as const;
// Every state × event pair, decided on purpose; `·` stays.
const TABLE: readonly [keyof typeof EVENTS, string][] = [
  ['worker.ready', '       idle     ·        ·        ·          ·          ·         ·        ·  ·'],
  ['worker.beat', '        ·        ·        ·        ·          ·          ·         ·        ·  ·'],
  ['worker.exited', '      failed   failed   failed   failed     failed     failed    stopped  ·  ·'],
  ['worker.closed', '      ·        ·        ·        ·          ·          ·         stopped  ·  ·'],
  ['heartbeat.late', '     ·        ·        ·        ·          ·          ·         ·        ·  ·'],
  ['heartbeat.recovered', '·        ·        ·        ·          ·          ·         ·        ·  ·'],
  ['load a', '             ·        loading  ·        ·          ·          ·         ·        ·  ·'],
  ['load b', '             ·        loading  ·        unloading  ·          ·         ·        ·  ·'],
  ['unload', '             ·        ·        unloading unloading  ·          ·         ·        ·  ·'],
  ['request.started', '    ·        ·        ·        generating ·          ·         ·        ·  ·'],
  ['request.ended', '      ·        ·        ·        ·          ready      ·         ·        ·  ·'],
  ['engine.stop', '        stopping stopping stopping stopping   stopping   stopping  ·        ·  ·'],
];

const start = async (phase: EnginePhase): Promise<Started> => {
  const started = startEngine();
  await REACH[phase](started);
  expect(started.phase()).toBe(phase);
  return started;
};

describe('engine', () => {
  test('the table decides every event in every state', () => {
    expect(TABLE.map(([event]) => event).sort()).toEqual(Object.keys(EVENTS).sort());
    expect([...COLUMNS].sort()).toEqual(Object.keys(REACH).sort());
  });

  const cells = TABLE.flatMap(([event, row]) =>
    row
      .trim()
      .split(/\s+/)
      .map((next, column) => [COLUMNS[column]!, event, next] as const),
  );
  test.each(cells)('%s, %s → %s', async (phase, event, next) => {
    const started = await start(phase);
    started.send(EVENTS[event]);
    expect(started.phase()).toBe(next === '·' ? phase : next);
  });

  test('announces that it is ready only when the worker has said so', async () => {
    const { notices, send } = startEngine();
    expect(notices).toEqual([]);
    send(WORKER_READY);
    expect(notices).toEqual([{ type: 'engine.ready' }]);
  });

  test('a load that was asked for while it starts is done when it has', () => {
    const { send, loads } = startEngine();
    send(LOAD_A, WORKER_READY);
    expect(loads.map(({ checkpoint }) => checkpoint)).toEqual(['a']);
  });

  test('a model that cannot be loaded leaves the engine up', async () => {
    const { phase, refused, notices } = await start('loading');
    const error = new Error('corrupt');
    await refused(error);
    expect(phase()).toBe('idle');
    expect(notices.at(-1)).toEqual({ type: 'model.failed', checkpoint: 'a', error });
  });

  test('another model waits for the last request of this one', async () => {
    const { send, phase, unloaded, loads, loaded } = await start('generating');
    send(STARTED, LOAD_B, ENDED);
    expect(phase()).toBe('generating');
    send(ENDED);
    expect(phase()).toBe('unloading');
    await unloaded();
    expect(loads.at(-1)!.checkpoint).toBe('b');
    await loaded();
    expect(phase()).toBe('ready');
  });

  test('unload waits for the last request', async () => {
    const { send, phase, unloaded } = await start('generating');
    send(UNLOAD, ENDED);
    expect(phase()).toBe('unloading');
    await unloaded();
    expect(phase()).toBe('idle');
  });

  test('an idle model is unloaded after keep_alive, and a request starts that anew', async () => {
    const { clock, send, phase } = await start('ready');
    const wait = (seconds: number): void => {
      for (let second = 0; second < seconds; second++) {
        clock.increment(1000);
        send({ type: 'worker.beat' });
      }
    };
    wait(59);
    send(STARTED, ENDED);
    wait(59);
    expect(phase()).toBe('ready');
    wait(1);
    expect(phase()).toBe('unloading');
  });

  test('keep_alive "always" keeps it', async () => {
    const started = startEngine({ ...POLICY, keepAliveMs: null });
    await REACH.ready(started);
    for (let day = 0; day < 30; day++) {
      started.clock.increment(5_000);
      started.send({ type: 'worker.beat' });
    }
    expect(started.phase()).toBe('ready');
  });

  test('a running request is never unloaded', async () => {
    const { clock, send, phase } = await start('generating');
    for (let beats = 0; beats < 100; beats++) {
      clock.increment(5_000);
      send({ type: 'worker.beat' });
    }
    expect(phase()).toBe('generating');
  });

  test('a worker that cannot release its model is given up', async () => {
    const { phase, couldNotUnload, notices } = await start('unloading');
    await couldNotUnload();
    expect(phase()).toBe('failed');
    expect(notices.at(-1)).toMatchObject({ type: 'engine.exited' });
  });

  test.each([
    ['idle', 2 * POLICY.heartbeatLimitMs],
    ['generating', 2 * POLICY.heartbeatLimitMs],
    ['loading', 2 * POLICY.loadingLimitMs],
    ['starting', 2 * POLICY.loadingLimitMs],
  ] as const)('%s: silence for %i ms is the end', async (phase, silenceMs) => {
    const started = await start(phase);
    started.clock.increment(silenceMs / 2);
    started.clock.increment(silenceMs / 2 - 1);
    expect(started.phase()).toBe(phase);
    started.clock.increment(1);
    expect(started.phase()).toBe('failed');
    expect(started.notices.at(-1)).toMatchObject({ error: { code: 'engine_unresponsive' } });
    expect(started.toWorker).toContain('ended');
  });

  test('prefill progress counts as a beat', async () => {
    const { clock, send, phase } = await start('generating');
    for (let chunk = 0; chunk < 1000; chunk++) {
      clock.increment(POLICY.heartbeatLimitMs - 1);
      send({ type: 'worker.beat' });
    }
    expect(phase()).toBe('generating');
  });

  test('a stop asks the worker to close and ends when it has', async () => {
    const { toWorker, send, notices } = await start('stopping');
    expect(toWorker).toEqual(['worker.close']);
    send(EXITED);
    expect(notices.at(-1)).toEqual({ type: 'engine.stopped' });
  });
});
