import { describe, expect, test } from '@jest/globals';
import { createActor, fromCallback, fromPromise, SimulatedClock } from 'xstate';
import { CodexpcError } from '../../src/errors.js';
import {
  type AnswerCommand,
  type AnswerInput,
  createSessionMachine,
  type GenerateCommand,
  type SessionCall,
  type SessionEvent,
  type SessionInput,
  type SessionPhase,
  sessionPhaseOf,
} from '../../src/machines/session.js';

const INPUT: SessionInput = {
  requestId: 'r',
  deadlineMs: 60_000,
  toolDeadlineMs: 30_000,
  maxToolRounds: 2,
  maxToolTimeMs: 20_000,
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
    answerCalls: fromCallback<AnswerCommand, AnswerInput>(({ receive, input }) => {
      const { callIds, refusal } = input;
      if (callIds.length > 0) told.push(`answer ${callIds.join()}${refusal === null ? '' : ` ${refusal}`}`);
      receive(({ type }) => void told.push(`${type} tools`));
      return () => void told.push('leave tools');
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
/** `c1` is a call of the client's tools, `d1` of the daemon's. */
const finished = (...callIds: string[]): SessionEvent => ({
  type: 'generation.finished',
  reason: 'stop',
  calls: callIds.map((callId): SessionCall => ({
    callId,
    owner: callId.startsWith('d') ? 'daemon' : 'client',
  })),
});
const ran = (callId: string, tookMs = 10): SessionEvent => ({ type: 'tool.finished', callId, tookMs });
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
  runningTool: async ({ prepared, send }) => {
    await prepared();
    send(GENERATION, DECODE, finished('d1'));
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
  "finished with the client's call": finished('c1'),
  "finished with the daemon's call": finished('d1'),
  'generation.failed': FAILED,
  'engine.lost': LOST,
  'sink.stalled': STALLED,
  'sink.drained': DRAINED,
  'tool.output': output('c1'),
  'tool.finished': ran('d1'),
  'deadline.passed': { type: 'deadline.passed' },
  cancel: CANCEL,
} as const satisfies Record<string, SessionEvent>;

const COLUMNS = [
  'preparing',
  'queued',
  'prefilling',
  'decoding',
  'paused',
  'runningTool',
  'awaitingTool',
] as const;
// Every state × event pair, decided on purpose; `·` stays. Final states take nothing: below.
// prettier-ignore
const TABLE: readonly [keyof typeof EVENTS, string][] = [
  ['generation.started',               '·            prefilling   ·            ·            ·            ·            ·           '],
  ['decode.started',                   '·            ·            decoding     ·            ·            ·            ·           '],
  ['finished',                         '·            completed    completed    completed    completed    ·            ·           '],
  ["finished with the client's call",  '·            awaitingTool awaitingTool awaitingTool awaitingTool ·            ·           '],
  ["finished with the daemon's call",  '·            runningTool  runningTool  runningTool  runningTool  ·            ·           '],
  ['generation.failed',                'failed       failed       failed       failed       failed       failed       failed      '],
  ['engine.lost',                      '·            preparing    failed       failed       failed       ·            ·           '],
  ['sink.stalled',                     '·            ·            ·            paused       ·            ·            ·           '],
  ['sink.drained',                     '·            ·            ·            ·            decoding     ·            ·           '],
  ['tool.output',                      '·            ·            ·            ·            ·            ·            preparing   '],
  ['tool.finished',                    '·            ·            ·            ·            ·            preparing    ·           '],
  ['deadline.passed',                  'cancelled    cancelled    cancelled    cancelled    cancelled    cancelled    cancelled   '],
  ['cancel',                           'cancelled    cancelled    cancelled    cancelled    cancelled    cancelled    cancelled   '],
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

  test('a deadline that no timer can wait for does not end it at once', async () => {
    const { clock, phase } = await start('decoding', { deadlineMs: Number.MAX_SAFE_INTEGER });
    clock.increment(86_400_000);
    expect(phase()).toBe('decoding');
    clock.increment(2 ** 31 - 1);
    expect(phase()).not.toBe('decoding');
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

  describe("the daemon's own calls", () => {
    test('are answered within the response, whatever becomes of the client’s', async () => {
      const { send, prepared, phase, told, outcome } = await start('decoding', { toolCalls: 'return' });
      send(finished('d1'), ran('d1'));
      expect(phase()).toBe('preparing');
      await prepared();
      send(GENERATION, DECODE, finished('c1', 'd2'));
      expect(phase()).toBe('runningTool');
      send(output('c1')); // nobody waits for it
      expect(phase()).toBe('runningTool');
      send(ran('d2'));
      expect(outcome()).toEqual({ type: 'completed', finishReason: 'tool_calls' });
      expect(told.filter((entry) => entry.startsWith('answer'))).toEqual(['answer d1', 'answer d2']);
    });

    test('are run while the client’s are waited for', async () => {
      const { send, phase } = await start('decoding');
      send(finished('d1', 'c1'), output('c1'));
      expect(phase()).toBe('runningTool');
      send(ran('d1'));
      expect(phase()).toBe('preparing');
    });

    test('leave the client its own time', async () => {
      const { send, phase, clock } = await start('decoding');
      send(finished('d1', 'c1'));
      clock.increment(INPUT.maxToolTimeMs);
      send(ran('d1', INPUT.maxToolTimeMs));
      expect(phase()).toBe('awaitingTool');
      clock.increment(INPUT.toolDeadlineMs - 1);
      expect(phase()).toBe('awaitingTool');
    });

    test.each(['client_gone', 'cancelled', 'shutdown'] as const)('end at once by %s', async (reason) => {
      const { send, told, phase } = await start('runningTool');
      send({ type: 'cancel', reason });
      expect(phase()).toBe('cancelled');
      expect(told.at(-1)).toBe('leave tools');
    });

    test('end at once at the deadline', async () => {
      const { clock, told, outcome } = await start('runningTool', { deadlineMs: 5_000 });
      clock.increment(5_000);
      expect(outcome()).toEqual({ type: 'completed', finishReason: 'deadline' });
      expect(told.at(-1)).toBe('leave tools');
    });

    const nextRound = async ({ send, prepared }: Started, ...callIds: string[]): Promise<void> => {
      await prepared();
      send(GENERATION, DECODE, finished(...callIds));
    };

    test('are refused after so many rounds, and after that the response ends', async () => {
      const started = await start('decoding');
      const { send, told, outcome } = started;
      send(finished('d1'), ran('d1'));
      await nextRound(started, 'd2');
      send(ran('d2'));
      await nextRound(started, 'd3');
      expect(told.at(-1)).toBe('answer d3 rounds_spent');
      send(ran('d3', 0));
      await nextRound(started, 'd4');
      expect(outcome()).toEqual({ type: 'completed', finishReason: 'tool_limit' });
    });

    test('do not count rounds of the client’s calls', async () => {
      const started = await start('decoding');
      const { send, phase } = started;
      for (const callId of ['c1', 'c2', 'c3', 'c4']) {
        send(finished(callId), output(callId));
        await started.prepared();
        send(GENERATION, DECODE);
      }
      expect(phase()).toBe('decoding');
    });

    test('are stopped when their time is over, over all rounds, and refused from then on', async () => {
      const started = await start('decoding', { maxToolRounds: 10 });
      const { send, clock, told } = started;
      send(finished('d1'), ran('d1', 15_000));
      await nextRound(started, 'd2');
      clock.increment(4_999);
      expect(told.at(-1)).toBe('answer d2');
      clock.increment(1);
      expect(told.at(-1)).toBe('stop tools');
      send(ran('d2', 5_000));
      await nextRound(started, 'd3');
      expect(told.at(-1)).toBe('answer d3 time_spent');
    });
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
