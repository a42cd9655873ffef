import { describe, expect, test } from '@jest/globals';
import { createActor, fromCallback, fromPromise, SimulatedClock } from 'xstate';
import { CodexpcError } from '../../src/errors.js';
import {
  createSessionMachine,
  type GenerateCommand,
  type SessionEvent,
  type SessionInput,
  type SessionPhase,
  sessionPhaseOf,
} from '../../src/machines/session.js';

const INPUT: SessionInput = {
  requestId: 'r',
  deadlineMs: 60_000,
  toolDeadlineMs: 30_000,
  toolCalls: 'await',
};
const ERROR = new CodexpcError({ code: 'engine_exited', message: 'for the test' });

const startSession = (input: Partial<SessionInput> = {}) => {
  const clock = new SimulatedClock();
  const told: string[] = [];
  const prepared: { resolve(): void; reject(error: unknown): void }[] = [];
  const machine = createSessionMachine({
    prepare: fromPromise<void>(() => new Promise((resolve, reject) => prepared.push({ resolve, reject }))),
    generate: fromCallback<GenerateCommand>(({ receive }) => {
      told.push('generate');
      receive(({ type }) => void told.push(type));
      return () => void told.push('end');
    }),
  });
  const actor = createActor(machine, { clock, input: { ...INPUT, ...input } });
  actor.start();
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    clock,
    told,
    send: (...events: readonly SessionEvent[]) => events.forEach((event) => actor.send(event)),
    phase: (): SessionPhase => sessionPhaseOf(actor.getSnapshot()),
    outcome: () => actor.getSnapshot().output,
    prepared: async () => {
      prepared.at(-1)!.resolve();
      await settled();
    },
    unprepared: async (error: unknown) => {
      prepared.at(-1)!.reject(error);
      await settled();
    },
  };
};
type Started = ReturnType<typeof startSession>;

const GENERATION: SessionEvent = { type: 'generation.started' };
const DECODE: SessionEvent = { type: 'decode.started' };
const STALLED: SessionEvent = { type: 'sink.stalled' };
const DRAINED: SessionEvent = { type: 'sink.drained' };
const finished = (...callIds: string[]): SessionEvent => ({
  type: 'generation.finished',
  reason: 'stop',
  callIds,
});
const FAILED: SessionEvent = { type: 'generation.failed', error: ERROR };
const LOST: SessionEvent = { type: 'engine.lost', error: ERROR };
const output = (callId: string): SessionEvent => ({ type: 'tool.output', callId });
const CANCEL: SessionEvent = { type: 'cancel', reason: 'cancelled' };

const REACH: Readonly<Record<SessionPhase, (started: Started) => Promise<void>>> = {
  preparing: async () => {},
  queued: ({ prepared }) => prepared(),
  prefilling: async ({ prepared, send }) => {
    await prepared();
    send(GENERATION);
  },
  decoding: async ({ prepared, send }) => {
    await prepared();
    send(GENERATION, DECODE);
  },
  paused: async ({ prepared, send }) => {
    await prepared();
    send(GENERATION, DECODE, STALLED);
  },
  awaitingTool: async ({ prepared, send }) => {
    await prepared();
    send(GENERATION, DECODE, finished('c1'));
  },
  completed: async ({ prepared, send }) => {
    await prepared();
    send(GENERATION, DECODE, finished());
  },
  failed: async ({ send }) => send(FAILED),
  cancelled: async ({ send }) => send(CANCEL),
};

const start = async (phase: SessionPhase, input: Partial<SessionInput> = {}): Promise<Started> => {
  const started = startSession(input);
  await REACH[phase](started);
  expect(started.phase()).toBe(phase);
  return started;
};

const EVENTS = {
  'generation.started': GENERATION,
  'decode.started': DECODE,
  finished: finished(),
  'finished with a call': finished('c1'),
  'generation.failed': FAILED,
  'engine.lost': LOST,
  'sink.stalled': STALLED,
  'sink.drained': DRAINED,
  'tool.output': output('c1'),
  'deadline.passed': { type: 'deadline.passed' },
  cancel: CANCEL,
} as const satisfies Record<string, SessionEvent>;

const COLUMNS = ['preparing', 'queued', 'prefilling', 'decoding', 'paused', 'awaitingTool'] as const;
// Every state × event pair, decided on purpose; `·` stays. Final states take nothing: below.
const TABLE: readonly [keyof typeof EVENTS, string][] = [
  ['generation.started', '  ·         prefilling   ·            ·            ·            ·        '],
  ['decode.started', '      ·         ·            decoding     ·            ·            ·        '],
  ['finished', '            ·         completed    completed    completed    completed    ·        '],
  ['finished with a call', '·         awaitingTool awaitingTool awaitingTool awaitingTool ·        '],
  ['generation.failed', '   failed    failed       failed       failed       failed       failed   '],
  ['engine.lost', '         ·         preparing    failed       failed       failed       ·        '],
  ['sink.stalled', '        ·         ·            ·            paused       ·            ·        '],
  ['sink.drained', '        ·         ·            ·            ·            decoding     ·        '],
  ['tool.output', '         ·         ·            ·            ·            ·            preparing'],
  ['deadline.passed', '     cancelled cancelled    cancelled    cancelled    cancelled    cancelled'],
  ['cancel', '              cancelled cancelled    cancelled    cancelled    cancelled    cancelled'],
];

describe('session', () => {
  test('the table decides every event', () => {
    expect(TABLE.map(([event]) => event).sort()).toEqual(Object.keys(EVENTS).sort());
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

  const endings = (['completed', 'failed', 'cancelled'] as const).flatMap((phase) =>
    Object.keys(EVENTS).map((event) => [phase, event as keyof typeof EVENTS] as const),
  );
  test.each(endings)('%s, %s: the outcome stands', async (phase, event) => {
    const started = await start(phase);
    const before = started.outcome();
    started.send(EVENTS[event]);
    expect(started.phase()).toBe(phase);
    expect(started.outcome()).toBe(before);
  });

  test.each([
    ['completed', { type: 'completed', finishReason: 'stop' }],
    ['failed', { type: 'failed', error: ERROR }],
    ['cancelled', { type: 'completed', finishReason: 'cancelled' }],
  ] as const)('%s has its outcome', async (phase, outcome) => {
    expect((await start(phase)).outcome()).toEqual(outcome);
  });

  test('an error while preparing is the outcome', async () => {
    const { unprepared, outcome } = await start('preparing');
    await unprepared(ERROR);
    expect(outcome()).toEqual({ type: 'failed', error: ERROR });
  });

  test.each(['client_gone', 'cancelled', 'shutdown'] as const)(
    'a cancel by %s ends the generation',
    async (reason) => {
      const { send, told, outcome } = await start('decoding');
      send({ type: 'cancel', reason });
      expect(told.at(-1)).toBe('end');
      expect(outcome()).toEqual({ type: 'completed', finishReason: 'cancelled' });
    },
  );

  test('the deadline counts from acceptance, through all states', async () => {
    const { clock, prepared, send, outcome } = await start('preparing');
    clock.increment(30_000);
    await prepared();
    send(GENERATION, DECODE);
    clock.increment(29_999);
    expect(outcome()).toBeUndefined();
    clock.increment(1);
    expect(outcome()).toEqual({ type: 'completed', finishReason: 'deadline' });
  });

  test('without a deadline it runs as long as it takes', async () => {
    const { clock, phase } = await start('decoding', { deadlineMs: null });
    clock.increment(365 * 24 * 3_600_000);
    expect(phase()).toBe('decoding');
  });

  test('a call that nobody answers runs into its own deadline', async () => {
    const { clock, outcome } = await start('awaitingTool');
    clock.increment(INPUT.toolDeadlineMs);
    expect(outcome()).toEqual({ type: 'completed', finishReason: 'deadline' });
  });

  test('goes on when every call is answered, whatever the order', async () => {
    const { prepared, send, phase, told } = await start('decoding');
    send(finished('c1', 'c2'), output('c2'), output('unknown'));
    expect(phase()).toBe('awaitingTool');
    send(output('c1'));
    expect(phase()).toBe('preparing');
    await prepared();
    expect(phase()).toBe('queued');
    expect(told.filter((entry) => entry === 'generate')).toHaveLength(2);
  });

  test('with toolCalls "return" a call ends the response', async () => {
    const { send, outcome } = await start('decoding', { toolCalls: 'return' });
    send(finished('c1'));
    expect(outcome()).toEqual({ type: 'completed', finishReason: 'tool_calls' });
  });

  test('a receiver that is full holds the tokens back until it has drained', async () => {
    const { send, told } = await start('paused');
    expect(told).toEqual(['generate', 'hold']);
    send(DRAINED);
    expect(told).toEqual(['generate', 'hold', 'release']);
  });

  test('a request that the engine had not begun waits for the next engine', async () => {
    const { send, prepared, phase } = await start('queued');
    send(LOST);
    expect(phase()).toBe('preparing');
    await prepared();
    expect(phase()).toBe('queued');
  });
});
