// The root of the process tree: in which order children start and stop, when the engine is started again and when
// that is given up, and how the daemon comes to an end.
//
//   booting ─ starting ─ ready ─ draining ─ stopping ─ closing ─ stopped
//                └─ recovering ─┘└─ degraded
//
// Children start in dependency order: sessions (nothing runs yet), front ends (claiming the address is cheap and
// keeps a second daemon from loading a model), engine. They stop in reverse. Leaving a state stops its children.

import { assign, enqueueActions, raise, sendTo, setup } from 'xstate';
import type { CallbackActorLogic, SnapshotFrom } from 'xstate';
import { CodexpcError } from '../errors.js';
import { type BackoffPolicy, backoffMs } from './backoff.js';
import { addSuspects, type Suspects } from './quarantine.js';

export interface SupervisorPolicy {
  readonly startDeadlineMs: number;
  readonly backoff: BackoffPolicy;
  /** Restart intensity in OTP's sense: more than `restartLimit` restarts within `restartPeriodMs` end in `degraded`. */
  readonly restartLimit: number;
  readonly restartPeriodMs: number;
  /** This long in `ready` makes the next crash the first one again. */
  readonly stablePeriodMs: number;
  /** How long `degraded` lasts before one more start is tried. */
  readonly coolOffMs: number;
  readonly drainDeadlineMs: number;
  readonly engineStopDeadlineMs: number;
  readonly closeDeadlineMs: number;
}

export type FrontEndsCommand = { readonly type: 'frontEnds.close' };
export type SessionsCommand = { readonly type: 'sessions.drain' } | { readonly type: 'sessions.cancel' };
export type EngineCommand = { readonly type: 'engine.stop' };

/** The work the supervisor needs done; src/actors/ supplies it. */
export interface SupervisorActors {
  readonly runSessions: CallbackActorLogic<SessionsCommand>;
  readonly runFrontEnds: CallbackActorLogic<FrontEndsCommand>;
  /** `life` counts the engine's lives from 1. */
  readonly runEngine: CallbackActorLogic<EngineCommand, { readonly life: number }>;
}

export type SupervisorEvent =
  | { readonly type: 'frontEnds.listening' }
  | { readonly type: 'frontEnds.failed'; readonly error: CodexpcError }
  | { readonly type: 'frontEnds.closed' }
  | { readonly type: 'sessions.drained' }
  | { readonly type: 'engine.ready' }
  /** `running`: fingerprints of the requests the engine was working on. */
  | { readonly type: 'engine.exited'; readonly error: CodexpcError; readonly running: readonly string[] }
  | { readonly type: 'engine.stopped' }
  | { readonly type: 'restart.aged' }
  /** Somebody asks for another try. */
  | { readonly type: 'engine.retry' }
  | { readonly type: 'shutdown'; readonly mode: 'drain' | 'now' }
  /** A signal: the first drains, the second stops at once. */
  | { readonly type: 'terminate' };

export interface SupervisorInput {
  readonly policy: SupervisorPolicy;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly startTimeout: (timeoutMs: number) => CodexpcError;
}

interface SupervisorContext extends SupervisorInput {
  /** Lives of the engine that have begun. */
  readonly numStarts: number;
  readonly restartsInPeriod: number;
  readonly crashesInARow: number;
  readonly lastError: CodexpcError | null;
  /** Why the daemon as a whole failed; null for an orderly end. */
  readonly fatalError: CodexpcError | null;
  readonly suspects: Suspects;
}

export type SupervisorPhase =
  | 'booting'
  | 'starting'
  | 'ready'
  | 'recovering'
  | 'degraded'
  | 'draining'
  | 'stopping'
  | 'closing'
  | 'stopped';

export const createSupervisorMachine = ({ runSessions, runFrontEnds, runEngine }: SupervisorActors) =>
  setup({
    types: {
      context: {} as SupervisorContext,
      input: {} as SupervisorInput,
      events: {} as SupervisorEvent,
      output: {} as { readonly error: CodexpcError | null },
    },
    actors: { runSessions, runFrontEnds, runEngine },
    guards: {
      restartBudgetSpent: ({ context }) => context.restartsInPeriod >= context.policy.restartLimit,
      stopAtOnce: (_, params: { mode: 'drain' | 'now' }) => params.mode === 'now',
    },
    actions: {
      countStart: assign({ numStarts: ({ context }) => context.numStarts + 1 }),
      countRestart: enqueueActions(({ enqueue, context }) => {
        enqueue.assign({ restartsInPeriod: context.restartsInPeriod + 1 });
        // One such event per restart makes the period slide.
        enqueue.raise({ type: 'restart.aged' }, { delay: context.policy.restartPeriodMs });
      }),
      forgetOneRestart: assign({
        restartsInPeriod: ({ context }) => Math.max(0, context.restartsInPeriod - 1),
      }),
      forgetRestarts: assign({ restartsInPeriod: 0, crashesInARow: 0 }),
      forgetCrashes: assign({ crashesInARow: 0 }),
      recordCrash: assign(({ context }, params: { error: CodexpcError; running: readonly string[] }) => ({
        crashesInARow: context.crashesInARow + 1,
        lastError: params.error,
        suspects: addSuspects(context.suspects, params.running),
      })),
      recordFatal: assign((_, params: { error: CodexpcError }) => ({ fatalError: params.error })),
      reportStartTimeout: raise(({ context }) => ({
        type: 'engine.exited' as const,
        error: context.startTimeout(context.policy.startDeadlineMs),
        running: [],
      })),
      reportStartFailure: raise(({ event }) => ({
        type: 'engine.exited' as const,
        error: couldNotStart('error' in event ? event.error : undefined),
        running: [],
      })),
      drainSessions: sendTo('sessions', { type: 'sessions.drain' }),
      cancelSessions: sendTo('sessions', { type: 'sessions.cancel' }),
      stopEngine: sendTo('engine', { type: 'engine.stop' }),
      closeFrontEnds: sendTo('frontEnds', { type: 'frontEnds.close' }),
    },
    delays: {
      startDeadline: ({ context }) => context.policy.startDeadlineMs,
      stablePeriod: ({ context }) => context.policy.stablePeriodMs,
      coolOff: ({ context }) => context.policy.coolOffMs,
      drainDeadline: ({ context }) => context.policy.drainDeadlineMs,
      engineStopDeadline: ({ context }) => context.policy.engineStopDeadlineMs,
      closeDeadline: ({ context }) => context.policy.closeDeadlineMs,
      backoff: ({ context }) => backoffMs(context.policy.backoff, context.crashesInARow, context.random()),
    },
  }).createMachine({
    id: 'supervisor',
    context: ({ input }) => ({
      ...input,
      numStarts: 0,
      restartsInPeriod: 0,
      crashesInARow: 0,
      lastError: null,
      fatalError: null,
      suspects: [],
    }),
    initial: 'running',
    output: ({ context }) => ({ error: context.fatalError }),
    states: {
      running: {
        initial: 'booting',
        invoke: [
          { id: 'sessions', src: 'runSessions' },
          { id: 'frontEnds', src: 'runFrontEnds' },
        ],
        on: {
          'restart.aged': { actions: 'forgetOneRestart' },
          // A listener is lost: the service manager restarts the daemon, which claims the address anew.
          'frontEnds.failed': {
            target: '.closing',
            actions: { type: 'recordFatal', params: ({ event }) => event },
          },
        },
        states: {
          booting: {
            tags: 'accepting',
            on: {
              'frontEnds.listening': 'engineUp',
              'frontEnds.failed': {
                target: '#supervisor.stopped',
                actions: { type: 'recordFatal', params: ({ event }) => event },
              },
              shutdown: 'closing',
              terminate: 'closing',
            },
          },
          engineUp: {
            initial: 'starting',
            entry: 'countStart',
            invoke: {
              id: 'engine',
              src: 'runEngine',
              input: ({ context }) => ({ life: context.numStarts }),
              onError: { actions: 'reportStartFailure' },
            },
            on: {
              'engine.exited': [
                {
                  guard: 'restartBudgetSpent',
                  target: 'degraded',
                  actions: { type: 'recordCrash', params: ({ event }) => event },
                },
                { target: 'recovering', actions: { type: 'recordCrash', params: ({ event }) => event } },
              ],
              shutdown: [
                {
                  guard: { type: 'stopAtOnce', params: ({ event }) => event },
                  target: '.stopping',
                },
                { target: '.draining' },
              ],
              terminate: '.draining',
            },
            states: {
              starting: {
                tags: 'accepting',
                on: { 'engine.ready': 'ready' },
                after: { startDeadline: { actions: 'reportStartTimeout' } },
              },
              ready: {
                tags: 'accepting',
                after: { stablePeriod: { actions: 'forgetCrashes' } },
              },
              draining: {
                entry: 'drainSessions',
                after: { drainDeadline: 'stopping' },
                on: {
                  'sessions.drained': 'stopping',
                  'engine.exited': {
                    target: '#supervisor.running.closing',
                    actions: { type: 'recordCrash', params: ({ event }) => event },
                  },
                  shutdown: {
                    guard: { type: 'stopAtOnce', params: ({ event }) => event },
                    target: 'stopping',
                  },
                  terminate: 'stopping',
                },
              },
              stopping: {
                entry: ['cancelSessions', 'stopEngine'],
                after: { engineStopDeadline: '#supervisor.running.closing' },
                on: {
                  'engine.stopped': '#supervisor.running.closing',
                  'engine.exited': '#supervisor.running.closing',
                  shutdown: {},
                  terminate: {},
                },
              },
            },
          },
          recovering: {
            tags: 'accepting',
            after: { backoff: { target: 'engineUp', actions: 'countRestart' } },
            on: {
              'engine.retry': { target: 'engineUp', actions: 'countRestart' },
              shutdown: 'closing',
              terminate: 'closing',
            },
          },
          degraded: {
            after: { coolOff: { target: 'engineUp', actions: 'countRestart' } },
            on: {
              'engine.retry': { target: 'engineUp', actions: 'forgetRestarts' },
              shutdown: 'closing',
              terminate: 'closing',
            },
          },
          closing: {
            entry: ['cancelSessions', 'closeFrontEnds'],
            after: { closeDeadline: '#supervisor.stopped' },
            on: {
              'frontEnds.closed': '#supervisor.stopped',
              'frontEnds.failed': {
                target: '#supervisor.stopped',
                actions: { type: 'recordFatal', params: ({ event }) => event },
              },
              terminate: '#supervisor.stopped',
            },
          },
        },
      },
      stopped: { type: 'final' },
    },
  });

export type SupervisorSnapshot = SnapshotFrom<ReturnType<typeof createSupervisorMachine>>;

/** The innermost state, which is what a person wants to read. */
export const phaseOf = ({ value }: Pick<SupervisorSnapshot, 'value'>): SupervisorPhase => {
  if (value === 'stopped') return 'stopped';
  const running = typeof value === 'string' ? value : value.running;
  return typeof running === 'object' ? running.engineUp : (running as SupervisorPhase);
};

const couldNotStart = (cause: unknown): CodexpcError =>
  cause instanceof CodexpcError
    ? cause
    : new CodexpcError({
        code: 'engine_start_failed',
        message: `The engine could not be started: ${cause instanceof Error ? cause.message : String(cause)}. Run 'codexpc doctor' to see what is missing.`,
        cause,
      });
