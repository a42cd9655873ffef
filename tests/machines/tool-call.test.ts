import { describe, expect, test } from '@jest/globals';
import { createActor, fromCallback, SimulatedClock } from 'xstate';
import {
  createToolCallMachine,
  type ToolCallEvent,
  type ToolCallInput,
  type ToolCallPhase,
  toolCallPhaseOf,
  type ToolReport,
  type ToolWorkCommand,
} from '../../src/machines/tool-call.js';

const INPUT: ToolCallInput = { wallMs: 10_000, validationMs: 1_000, killGraceMs: 2_000, abandonMs: 500 };
const REPORT: ToolReport = {
  isOk: true,
  text: 'out',
  exitCode: 0,
  signal: null,
  outputBytes: 3,
  isTruncated: false,
  limit: null,
};

const startCall = () => {
  const clock = new SimulatedClock();
  const told: string[] = [];
  const machine = createToolCallMachine({
    work: fromCallback<ToolWorkCommand>(({ receive }) => {
      receive(({ type }) => void told.push(type));
      return () => void told.push('end');
    }),
  });
  const actor = createActor(machine, { clock, input: INPUT });
  actor.start();
  return {
    clock,
    told,
    send: (...events: readonly ToolCallEvent[]) => events.forEach((event) => actor.send(event)),
    phase: (): ToolCallPhase => toolCallPhaseOf(actor.getSnapshot()),
    outcome: () => actor.getSnapshot().output,
  };
};
type Started = ReturnType<typeof startCall>;

const EVENTS = {
  started: { type: 'work.started' },
  refused: { type: 'work.refused', reason: 'no sandbox' },
  valid: { type: 'arguments.valid', wallMs: null },
  invalid: { type: 'arguments.invalid', reason: 'not JSON' },
  limit: { type: 'limit.passed', limit: 'output' },
  done: { type: 'work.done', report: REPORT },
  'done by a limit': { type: 'work.done', report: { ...REPORT, isOk: false, limit: 'cpu' } },
  lost: { type: 'work.lost', reason: 'the worker is gone' },
  cancel: { type: 'cancel' },
} as const satisfies Record<string, ToolCallEvent>;

const REACH = {
  waiting: () => {},
  validating: ({ send }) => send(EVENTS.started),
  running: ({ send }) => send(EVENTS.started, EVENTS.valid),
  stopping: ({ send, clock }) => {
    send(EVENTS.started, EVENTS.valid);
    clock.increment(INPUT.wallMs);
  },
} as const satisfies Record<string, (started: Started) => void>;
const COLUMNS = ['waiting', 'validating', 'running', 'stopping'] as const;

const start = (phase: keyof typeof REACH): Started => {
  const started = startCall();
  REACH[phase](started);
  expect(started.phase()).toBe(phase);
  return started;
};

// Every state × event pair, decided on purpose; `·` stays.
const TABLE: readonly [keyof typeof EVENTS, string][] = [
  ['started', '         validating ·         ·         ·        '],
  ['refused', '         refused    refused   refused   refused  '],
  ['valid', '           ·          running   ·         ·        '],
  ['invalid', '         ·          invalid   ·         ·        '],
  ['limit', '           ·          ·         stopping  ·        '],
  ['done', '            ·          ·         done      timedOut '],
  ['done by a limit', ' ·          ·         capped    timedOut '],
  ['lost', '            crashed    crashed   crashed   timedOut '],
  ['cancel', '          cancelled  cancelled stopping  ·        '],
];

describe('tool call', () => {
  test('the table decides every event', () => {
    expect(TABLE.map(([event]) => event)).toEqual(Object.keys(EVENTS));
  });

  const cells = TABLE.flatMap(([event, row]) =>
    row
      .trim()
      .split(/\s+/)
      .map((next, column) => [COLUMNS[column]!, event, next] as const),
  );
  test.each(cells)('%s, %s → %s', (phase, event, next) => {
    const started = start(phase);
    started.send(EVENTS[event]);
    expect(started.phase()).toBe(next === '·' ? phase : next);
  });

  test.each(Object.keys(EVENTS) as (keyof typeof EVENTS)[])('once done, %s changes nothing', (event) => {
    const { send, outcome } = start('running');
    send(EVENTS.done, EVENTS[event]);
    expect(outcome()).toEqual({ type: 'done', report: REPORT });
  });

  test('runs only what has been found valid, and ends the work once', () => {
    const { send, told } = startCall();
    send(EVENTS.started);
    expect(told).toEqual([]);
    send(EVENTS.valid);
    expect(told).toEqual(['run']);
    send(EVENTS.done);
    expect(told).toEqual(['run', 'end']);
  });

  test('the wall time counts from the run, not from waiting or validating', () => {
    const { clock, send, phase } = startCall();
    clock.increment(1_000_000);
    send(EVENTS.started);
    clock.increment(999);
    send(EVENTS.valid);
    clock.increment(INPUT.wallMs - 1);
    expect(phase()).toBe('running');
    clock.increment(1);
    expect(phase()).toBe('stopping');
  });

  test.each([
    [3_000, 3_000],
    [60_000, INPUT.wallMs],
  ])('a call that asks for %i ms has %i ms', (wallMs, effectiveMs) => {
    const { clock, send, phase } = start('validating');
    send({ type: 'arguments.valid', wallMs });
    clock.increment(effectiveMs - 1);
    expect(phase()).toBe('running');
    clock.increment(1);
    expect(phase()).toBe('stopping');
  });

  test('arguments that take too long to check are invalid, and the work ends', () => {
    const { clock, told, outcome } = start('validating');
    clock.increment(INPUT.validationMs);
    expect(outcome()).toMatchObject({ type: 'invalid', reason: expect.stringContaining('too long') });
    expect(told).toEqual(['end']);
  });

  test('a call that is out of time is asked to end, then killed, then given up', () => {
    const { clock, told, outcome } = start('stopping');
    expect(told).toEqual(['run', 'terminate']);
    clock.increment(INPUT.killGraceMs);
    expect(told).toEqual(['run', 'terminate', 'kill']);
    clock.increment(INPUT.abandonMs);
    expect(told).toEqual(['run', 'terminate', 'kill', 'end']);
    expect(outcome()).toEqual({ type: 'timedOut', report: null });
  });

  test('what a call wrote before it was out of time is kept', () => {
    const { send, outcome } = start('stopping');
    send(EVENTS.done);
    expect(outcome()).toEqual({ type: 'timedOut', report: REPORT });
  });

  test('a call over a limit is killed without being asked', () => {
    const { send, told, outcome } = start('running');
    send(EVENTS.limit);
    expect(told).toEqual(['run', 'kill']);
    send(EVENTS.done);
    expect(outcome()).toEqual({ type: 'capped', limit: 'output', report: REPORT });
  });

  test('a limit that the system enforced is a cap', () => {
    const { send, outcome } = start('running');
    send(EVENTS['done by a limit']);
    expect(outcome()).toMatchObject({ type: 'capped', limit: 'cpu' });
  });

  test('the first reason to stop stands', () => {
    const { send, outcome } = start('running');
    send(EVENTS.cancel, EVENTS.limit, EVENTS.cancel, EVENTS.done);
    expect(outcome()).toMatchObject({ type: 'cancelled' });
  });

  test.each([
    ['refused', 'waiting', { type: 'refused', reason: 'no sandbox' }],
    ['invalid', 'validating', { type: 'invalid', reason: 'not JSON' }],
    ['lost', 'running', { type: 'crashed', reason: 'the worker is gone' }],
  ] as const)('%s says why', (event, phase, outcome) => {
    const started = start(phase);
    started.send(EVENTS[event]);
    expect(started.outcome()).toEqual(outcome);
  });
});
