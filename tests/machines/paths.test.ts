// Model-based: walks every machine along all its transitions. Every state is reachable, and whatever event comes in
// whatever state, the machine takes it without an error.

import { describe, expect, test } from '@jest/globals';
import { getAdjacencyMap } from '@xstate/graph';
import {
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
  fromCallback,
  fromPromise,
} from 'xstate';
import { CodexpcError } from '../../src/errors.js';
import { createEngineMachine, type EngineEvent, enginePhaseOf } from '../../src/machines/engine.js';
import { createSessionMachine, type SessionEvent, sessionPhaseOf } from '../../src/machines/session.js';
import { createSupervisorMachine, phaseOf, type SupervisorEvent } from '../../src/machines/supervisor.js';
import { createToolCallMachine, type ToolCallEvent, toolCallPhaseOf } from '../../src/machines/tool-call.js';

const error = new CodexpcError({ code: 'engine_exited', message: 'for the test' });
const nothing = fromCallback<never, never>(() => {});
const never = fromPromise<never, never>(() => new Promise(() => {}));
const after = (delay: string, state: string): EventObject => ({ type: `xstate.after.${delay}.${state}` });
const done = (id: string): EventObject => ({ type: `xstate.done.actor.${id}` });
const failed = (id: string): EventObject & { error: unknown } => ({
  type: `xstate.error.actor.${id}`,
  error,
});

interface Subject {
  readonly name: string;
  readonly machine: AnyStateMachine;
  readonly input: unknown;
  /** All that may come from outside. */
  readonly events: readonly (EventObject & Readonly<Record<string, unknown>>)[];
  /** What its own children and delays may bring, in the states that have them. */
  readonly internal: readonly EventObject[];
  readonly phases: string;
  readonly phaseOf: (snapshot: AnyMachineSnapshot) => string;
  /** Tells snapshots apart as far as it matters. */
  readonly keyOf: (snapshot: AnyMachineSnapshot) => string;
  readonly stopWhen?: (snapshot: AnyMachineSnapshot) => boolean;
}

const UP = 'supervisor.running.engineUp';
const supervisor: Subject = {
  name: 'supervisor',
  machine: createSupervisorMachine({
    runSessions: nothing as never,
    runFrontEnds: nothing as never,
    runEngine: nothing as never,
  }),
  input: {
    policy: {
      startDeadlineMs: 1,
      backoff: { baseMs: 1, limitMs: 1 },
      restartLimit: 1,
      restartPeriodMs: 1,
      stablePeriodMs: 1,
      coolOffMs: 1,
      drainDeadlineMs: 1,
      engineStopDeadlineMs: 1,
      closeDeadlineMs: 1,
    },
    random: () => 0,
    startTimeout: () => error,
  },
  events: [
    { type: 'frontEnds.listening' },
    { type: 'frontEnds.failed', error },
    { type: 'frontEnds.closed' },
    { type: 'sessions.drained' },
    { type: 'engine.ready' },
    { type: 'engine.exited', error, running: [] },
    { type: 'engine.stopped' },
    { type: 'restart.aged' },
    { type: 'engine.retry' },
    { type: 'shutdown', mode: 'drain' },
    { type: 'shutdown', mode: 'now' },
    { type: 'terminate' },
  ] satisfies SupervisorEvent[],
  internal: [
    after('startDeadline', `${UP}.starting`),
    after('stablePeriod', `${UP}.ready`),
    after('drainDeadline', `${UP}.draining`),
    after('engineStopDeadline', `${UP}.stopping`),
    after('backoff', 'supervisor.running.recovering'),
    after('coolOff', 'supervisor.running.degraded'),
    after('closeDeadline', 'supervisor.running.closing'),
    failed('engine'),
  ],
  phases: 'booting starting ready recovering degraded draining stopping closing stopped',
  phaseOf,
  keyOf: (snapshot) => `${phaseOf(snapshot)} ${Math.min(snapshot.context.restartsInPeriod, 2)}`,
};

const engine: Subject = {
  name: 'engine',
  machine: createEngineMachine({
    runWorker: nothing as never,
    loadModel: never as never,
    unloadModel: never as never,
  }),
  input: { policy: { keepAliveMs: 1, heartbeatLimitMs: 1, loadingLimitMs: 1 } },
  events: [
    { type: 'worker.ready' },
    { type: 'worker.beat' },
    { type: 'worker.exited', error },
    { type: 'worker.closed' },
    { type: 'heartbeat.late' },
    { type: 'heartbeat.recovered' },
    { type: 'load', checkpoint: 'a' },
    { type: 'load', checkpoint: 'b' },
    { type: 'unload' },
    { type: 'request.started' },
    { type: 'request.ended' },
    { type: 'engine.stop' },
  ] satisfies EngineEvent[],
  internal: [
    done('heartbeat'),
    failed('worker'),
    done('0.engine.alive.loading'),
    failed('0.engine.alive.loading'),
    done('0.engine.alive.unloading'),
    failed('0.engine.alive.unloading'),
    after('keepAlive', 'engine.alive.ready'),
  ],
  phases: 'starting idle loading ready generating unloading stopping failed stopped',
  phaseOf: enginePhaseOf,
  keyOf: (snapshot) => {
    const { numRequests, checkpoint, next } = snapshot.context;
    return `${enginePhaseOf(snapshot)} ${numRequests} ${checkpoint} ${JSON.stringify(next)}`;
  },
  stopWhen: (snapshot) => snapshot.context.numRequests > 2,
};

const session: Subject = {
  name: 'session',
  machine: createSessionMachine({
    prepare: never as never,
    generate: nothing as never,
    answerCalls: nothing as never,
  }),
  input: {
    requestId: 'r',
    deadlineMs: null,
    toolDeadlineMs: 1,
    maxToolRounds: 1,
    maxToolTimeMs: 1,
    toolCalls: 'await',
  },
  events: [
    { type: 'generation.started' },
    { type: 'decode.started' },
    { type: 'generation.finished', reason: 'stop', calls: [] },
    {
      type: 'generation.finished',
      reason: 'length',
      calls: [
        { callId: 'c1', owner: 'client' },
        { callId: 'c2', owner: 'daemon' },
      ],
    },
    { type: 'generation.failed', error },
    { type: 'engine.lost', error },
    { type: 'sink.stalled' },
    { type: 'sink.drained' },
    { type: 'tool.output', callId: 'c1' },
    { type: 'tool.finished', callId: 'c2', tookMs: 1 },
    { type: 'deadline.passed' },
    { type: 'cancel', reason: 'client_gone' },
  ] satisfies SessionEvent[],
  internal: [
    done('0.session.active.preparing'),
    failed('0.session.active.preparing'),
    after('toolDeadline', 'session.active.callingTools.awaitingTool'),
    after('toolTimeLeft', 'session.active.callingTools.runningTool'),
  ],
  phases: 'preparing queued prefilling decoding paused runningTool awaitingTool completed failed cancelled',
  phaseOf: sessionPhaseOf,
  keyOf: (snapshot) =>
    `${sessionPhaseOf(snapshot)} ${JSON.stringify(snapshot.context.pending)} ${snapshot.context.numRounds}`,
  stopWhen: (snapshot) => snapshot.context.numRounds > 3,
};

const report = {
  isOk: true,
  text: '',
  exitCode: 0,
  signal: null,
  outputBytes: 0,
  isTruncated: false,
  limit: null,
};
const STOPPING = 'toolCall.active.stopping';
const toolCall: Subject = {
  name: 'tool call',
  machine: createToolCallMachine({ work: nothing as never }),
  input: { wallMs: 1, validationMs: 1, killGraceMs: 1, abandonMs: 1 },
  events: [
    { type: 'work.started' },
    { type: 'work.refused', reason: '' },
    { type: 'arguments.valid', wallMs: null },
    { type: 'arguments.invalid', reason: '' },
    { type: 'limit.passed', limit: 'memory' },
    { type: 'work.done', report },
    { type: 'work.done', report: { ...report, limit: 'cpu' } },
    { type: 'work.lost', reason: '' },
    { type: 'cancel' },
  ] satisfies ToolCallEvent[],
  internal: [
    after('validationTime', 'toolCall.active.validating'),
    after('wallTime', 'toolCall.active.running'),
    after('killGrace', `${STOPPING}.timedOut.asked`),
    after('abandonTime', `${STOPPING}.timedOut.killed`),
    after('killGrace', `${STOPPING}.cancelled.asked`),
    after('abandonTime', `${STOPPING}.cancelled.killed`),
    after('abandonTime', `${STOPPING}.capped.killed`),
  ],
  phases: 'waiting validating running stopping done refused invalid timedOut capped cancelled crashed',
  phaseOf: toolCallPhaseOf,
  keyOf: (snapshot) => JSON.stringify([snapshot.value, snapshot.context.outcome]),
};

describe.each([supervisor, engine, session, toolCall])(
  '$name',
  ({ machine, input, events, internal, phases, phaseOf: phase, keyOf, stopWhen }) => {
    const visited = Object.values(
      getAdjacencyMap(machine, {
        input,
        events: (snapshot) => [...events, ...internal.filter((event) => snapshot.can(event))],
        serializeState: keyOf,
        ...(stopWhen === undefined ? {} : { stopWhen }),
      }),
    );

    test('every state is reachable', () => {
      expect([...new Set(visited.map(({ state }) => phase(state)))].sort()).toEqual(phases.split(' ').sort());
    });

    test('what its children and delays bring is expected somewhere', () => {
      const expected = internal.filter((event) => visited.some(({ state }) => state.can(event)));
      expect(expected).toEqual(internal);
    });

    test('every event is taken in every state', () => {
      for (const { state, transitions } of visited) {
        const outgoing = Object.values(transitions as Record<string, { state: AnyMachineSnapshot }>);
        if (state.status === 'active' && stopWhen?.(state) !== true) {
          expect(outgoing.length).toBeGreaterThanOrEqual(events.length);
        }
        for (const next of outgoing) expect(next.state.status).not.toBe('error');
      }
    });
  },
);
