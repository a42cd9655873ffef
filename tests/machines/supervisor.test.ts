import { describe, expect, test } from '@jest/globals';
import {
  createActor,
  type EventObject,
  fromCallback,
  type NonReducibleUnknown,
  SimulatedClock,
} from 'xstate';
import { CodexpcError } from '../../src/errors.js';
import { numCrashesOf } from '../../src/machines/quarantine.js';
import {
  createSupervisorMachine,
  type EngineCommand,
  type FrontEndsCommand,
  phaseOf,
  type SessionsCommand,
  type SupervisorEvent,
  type SupervisorPhase,
  type SupervisorPolicy,
} from '../../src/machines/supervisor.js';

const POLICY: SupervisorPolicy = {
  startDeadlineMs: 30_000,
  backoff: { baseMs: 200, limitMs: 30_000 },
  restartLimit: 3,
  restartPeriodMs: 60_000,
  stablePeriodMs: 600_000,
  coolOffMs: 300_000,
  drainDeadlineMs: 20_000,
  engineStopDeadlineMs: 5_000,
  closeDeadlineMs: 2_000,
};

const error = (code: 'engine_exited' | 'engine_start_failed' | 'address_in_use' = 'engine_exited') =>
  new CodexpcError({ code, message: 'for the test' });

/** The machine on a simulated clock, with children that only remember what they were told. */
const startSupervisor = () => {
  const clock = new SimulatedClock();
  const told: string[] = [];
  const child = <Command extends EventObject, Input extends NonReducibleUnknown = NonReducibleUnknown>(
    name: string,
  ) =>
    fromCallback<Command, Input>(({ receive }) => {
      told.push(`${name} started`);
      receive((command) => void told.push(command.type));
      return () => void told.push(`${name} stopped`);
    });
  const machine = createSupervisorMachine({
    runSessions: child<SessionsCommand>('sessions'),
    runFrontEnds: child<FrontEndsCommand>('frontEnds'),
    runEngine: child<EngineCommand, { readonly life: number }>('engine'),
  });
  const actor = createActor(machine, {
    clock,
    input: { policy: POLICY, random: () => 0.999, startTimeout: () => error('engine_start_failed') },
  });
  actor.start();
  return {
    clock,
    told,
    send: (...events: readonly SupervisorEvent[]) => events.forEach((event) => actor.send(event)),
    phase: (): SupervisorPhase => phaseOf(actor.getSnapshot()),
    context: () => actor.getSnapshot().context,
    isAccepting: () => actor.getSnapshot().hasTag('accepting'),
    output: () => actor.getSnapshot().output,
  };
};
type Started = ReturnType<typeof startSupervisor>;

const LISTENING: SupervisorEvent = { type: 'frontEnds.listening' };
const READY: SupervisorEvent = { type: 'engine.ready' };
const EXITED: SupervisorEvent = { type: 'engine.exited', error: error(), running: [] };
const DRAIN: SupervisorEvent = { type: 'shutdown', mode: 'drain' };
const NOW: SupervisorEvent = { type: 'shutdown', mode: 'now' };

const crash = ({ clock, send }: Started): void => {
  send(EXITED);
  clock.increment(30_000);
};

const REACH: Readonly<Record<SupervisorPhase, (started: Started) => void>> = {
  booting: () => {},
  starting: ({ send }) => send(LISTENING),
  ready: ({ send }) => send(LISTENING, READY),
  recovering: ({ send }) => send(LISTENING, READY, EXITED),
  degraded: ({ send, clock }) => {
    send(LISTENING, READY);
    for (let crashes = 0; crashes < 4; crashes++) {
      send(EXITED);
      clock.increment(2000);
    }
  },
  draining: ({ send }) => send(LISTENING, READY, DRAIN),
  stopping: ({ send }) => send(LISTENING, READY, NOW),
  closing: ({ send }) => send(LISTENING, READY, NOW, { type: 'engine.stopped' }),
  stopped: ({ send }) =>
    send(LISTENING, READY, NOW, { type: 'engine.stopped' }, { type: 'frontEnds.closed' }),
};

const start = (phase: SupervisorPhase): Started => {
  const started = startSupervisor();
  REACH[phase](started);
  return started;
};

const EVENTS = {
  'frontEnds.listening': LISTENING,
  'frontEnds.failed': { type: 'frontEnds.failed', error: error('address_in_use') },
  'frontEnds.closed': { type: 'frontEnds.closed' },
  'sessions.drained': { type: 'sessions.drained' },
  'engine.ready': READY,
  'engine.exited': EXITED,
  'engine.stopped': { type: 'engine.stopped' },
  'restart.aged': { type: 'restart.aged' },
  'engine.retry': { type: 'engine.retry' },
  'shutdown drain': DRAIN,
  'shutdown now': NOW,
  terminate: { type: 'terminate' },
} as const satisfies Record<string, SupervisorEvent>;

/** A long silence: the state's own deadline. */
type Column = keyof typeof EVENTS | 'deadline';

// Every state × event pair, decided on purpose; `·` stays.
const COLUMNS = [
  'booting',
  'starting',
  'ready',
  'recovering',
  'degraded',
  'draining',
  'stopping',
  'closing',
] as const;
const TABLE: readonly [Column, string][] = [
  ['frontEnds.listening', 'starting ·        ·        ·        ·        ·        ·        ·      '],
  ['frontEnds.failed', '   stopped  closing  closing  closing  closing  closing  closing  stopped'],
  ['frontEnds.closed', '   ·        ·        ·        ·        ·        ·        ·        stopped'],
  ['sessions.drained', '   ·        ·        ·        ·        ·        stopping ·        ·      '],
  ['engine.ready', '       ·        ready    ·        ·        ·        ·        ·        ·      '],
  ['engine.exited', '      ·        recovering recovering ·    ·        closing  closing  ·      '],
  ['engine.stopped', '     ·        ·        ·        ·        ·        ·        closing  ·      '],
  ['restart.aged', '       ·        ·        ·        ·        ·        ·        ·        ·      '],
  ['engine.retry', '       ·        ·        ·        starting starting ·        ·        ·      '],
  ['shutdown drain', '     closing  draining draining closing  closing  ·        ·        ·      '],
  ['shutdown now', '       closing  stopping stopping closing  closing  stopping ·        ·      '],
  ['terminate', '          closing  draining draining closing  closing  stopping ·        stopped'],
  ['deadline', '           ·        recovering ·      starting starting stopping closing  stopped'],
];

const DEADLINES: Readonly<Record<(typeof COLUMNS)[number], number>> = {
  booting: 3_600_000,
  starting: POLICY.startDeadlineMs,
  ready: 3_600_000,
  recovering: 30_000,
  degraded: POLICY.coolOffMs,
  draining: POLICY.drainDeadlineMs,
  stopping: POLICY.engineStopDeadlineMs,
  closing: POLICY.closeDeadlineMs,
};

describe('supervisor', () => {
  test.each(Object.keys(REACH) as SupervisorPhase[])('reaches %s', (phase) => {
    expect(start(phase).phase()).toBe(phase);
  });

  test('the table decides every event in every state', () => {
    expect(TABLE.map(([event]) => event).sort()).toEqual([...Object.keys(EVENTS), 'deadline'].sort());
    for (const [, row] of TABLE) expect(row.trim().split(/\s+/)).toHaveLength(COLUMNS.length);
  });

  const cells = TABLE.flatMap(([event, row]) =>
    row
      .trim()
      .split(/\s+/)
      .map((next, column) => [COLUMNS[column]!, event, next] as const),
  );
  test.each(cells)('%s, %s → %s', (phase, event, next) => {
    const started = start(phase);
    if (event === 'deadline') started.clock.increment(DEADLINES[phase]);
    else started.send(EVENTS[event]);
    expect(started.phase()).toBe(next === '·' ? phase : next);
  });

  test.each(Object.entries(EVENTS))('stays stopped on %s', (_, event) => {
    const started = start('stopped');
    started.send(event);
    expect(started.phase()).toBe('stopped');
  });

  test('starts children in order of dependency and stops them in reverse', () => {
    expect(start('stopped').told).toEqual([
      'sessions started',
      'frontEnds started',
      'engine started',
      'sessions.cancel',
      'engine.stop',
      'engine stopped',
      'sessions.cancel',
      'frontEnds.close',
      'sessions stopped',
      'frontEnds stopped',
    ]);
  });

  test('a front end that cannot open stops what is up, and loads no engine', () => {
    const { send, told, output } = startSupervisor();
    send(EVENTS['frontEnds.failed']);
    expect(told).not.toContain('engine started');
    expect(told).toContain('frontEnds stopped');
    expect(output()?.error?.code).toBe('address_in_use');
  });

  test.each([
    ['booting', true],
    ['starting', true],
    ['ready', true],
    ['recovering', true],
    ['degraded', false],
    ['draining', false],
    ['stopping', false],
    ['closing', false],
    ['stopped', false],
  ] as const)('%s accepts requests: %s', (phase, accepts) => {
    expect(start(phase).isAccepting()).toBe(accepts);
  });

  describe('restarts', () => {
    test('wait longer each time, up to a limit', () => {
      const started = startSupervisor();
      const { clock, send, phase } = started;
      send(LISTENING, READY);
      const waits: number[] = [];
      for (let crashes = 0; crashes < 12; crashes++) {
        clock.increment(POLICY.restartPeriodMs); // outside the period, inside the stable one
        send(EXITED);
        let waited = 0;
        for (; phase() === 'recovering'; waited += 100) clock.increment(100);
        waits.push(waited);
        send(READY);
      }
      expect(waits.slice(0, 5)).toEqual([200, 400, 800, 1600, 3200]);
      expect(Math.max(...waits)).toBe(30_000);
    });

    test('are given up when more than the limit fall into the period', () => {
      const { clock, send, phase, context } = start('ready');
      for (let crashes = 0; crashes < 3; crashes++) {
        send(EXITED);
        clock.increment(10_000);
        send(READY);
        expect(phase()).toBe('ready');
      }
      send(EXITED);
      expect(phase()).toBe('degraded');
      expect(context().numStarts).toBe(4);
    });

    test('the period slides: old ones are forgotten one by one', () => {
      const { clock, send, phase } = start('ready');
      for (let crashes = 0; crashes < 20; crashes++) {
        send(EXITED);
        clock.increment(30_001); // never three in 60 s
        send(READY);
        expect(phase()).toBe('ready');
      }
    });

    test('a stable period makes the next crash the first', () => {
      const { clock, send, phase, context } = start('ready');
      crash({ clock, send } as Started);
      send(READY, EXITED);
      expect(context().crashesInARow).toBe(2);
      clock.increment(30_000);
      send(READY);
      clock.increment(POLICY.stablePeriodMs);
      expect(phase()).toBe('ready');
      expect(context().crashesInARow).toBe(0);
    });

    test('one more is tried after the cool-off, and by request at once', () => {
      const { clock, send, phase } = start('degraded');
      clock.increment(POLICY.coolOffMs);
      expect(phase()).toBe('starting');
      const asked = start('degraded');
      asked.send({ type: 'engine.retry' }, READY, EXITED);
      expect(asked.phase()).toBe('recovering');
      send(READY);
      expect(phase()).toBe('ready');
    });

    test('an engine that is never ready counts as crashed', () => {
      const { clock, phase, context } = start('starting');
      clock.increment(POLICY.startDeadlineMs);
      expect(phase()).toBe('recovering');
      expect(context().lastError?.code).toBe('engine_start_failed');
    });
  });

  test('remembers which requests were running in crashes', () => {
    const { send, clock, context } = start('ready');
    send({ type: 'engine.exited', error: error(), running: ['poison', 'bystander'] });
    clock.increment(30_000);
    send(READY, { type: 'engine.exited', error: error(), running: ['poison', 'another'] });
    expect(numCrashesOf(context().suspects, 'poison')).toBe(2);
    expect(numCrashesOf(context().suspects, 'bystander')).toBe(1);
  });
});
