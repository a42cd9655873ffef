// One life of the engine worker: the thread, and the model it holds. A worker that dies ends the machine; starting
// another is the supervisor's decision.
//
//   starting ─ idle ─ loading ─ ready ⇄ generating        any ─ failed
//               └─ unloading ──┘                          any ─ stopping ─ stopped

import { assign, emit, sendTo, setup } from 'xstate';
import type { CallbackActorLogic, PromiseActorLogic, SnapshotFrom } from 'xstate';
import { CodexpcError } from '../errors.js';
import { heartbeatMachine, type HeartbeatNotice } from './heartbeat.js';

export interface EnginePolicy {
  /** How long a model without requests stays loaded; null: until it is unloaded by hand. */
  readonly keepAliveMs: number | null;
  /** Silence that makes the worker late, and again as much that makes it unresponsive. */
  readonly heartbeatLimitMs: number;
  /** The same while it starts or loads a model, which it does in one long call. */
  readonly loadingLimitMs: number;
}

export type WorkerCommand = { readonly type: 'worker.close' };

/** The work the engine needs done; src/actors/ supplies it. */
export interface EngineActors {
  readonly runWorker: CallbackActorLogic<WorkerCommand>;
  readonly loadModel: PromiseActorLogic<void, { readonly checkpoint: string }>;
  readonly unloadModel: PromiseActorLogic<void>;
}

export type EngineEvent =
  | { readonly type: 'worker.ready' }
  | { readonly type: 'worker.beat' }
  | { readonly type: 'worker.exited'; readonly error: CodexpcError }
  /** It ended because it was told to. */
  | { readonly type: 'worker.closed' }
  | HeartbeatNotice
  | { readonly type: 'load'; readonly checkpoint: string }
  | { readonly type: 'unload' }
  | { readonly type: 'request.started' }
  | { readonly type: 'request.ended' }
  | { readonly type: 'engine.stop' };

/** What the engine announces. */
export type EngineNotice =
  | { readonly type: 'engine.ready' }
  | { readonly type: 'engine.exited'; readonly error: CodexpcError }
  | { readonly type: 'engine.stopped' }
  | { readonly type: 'model.loaded'; readonly checkpoint: string }
  | { readonly type: 'model.failed'; readonly checkpoint: string; readonly error: unknown }
  | { readonly type: 'model.unloaded' };

interface EngineContext {
  readonly policy: EnginePolicy;
  readonly numRequests: number;
  /** The loaded or loading checkpoint. */
  readonly checkpoint: string | null;
  /** What is to happen to the model as soon as no request needs the present one. */
  readonly next: { readonly checkpoint: string | null } | null;
}

export const createEngineMachine = ({ runWorker, loadModel, unloadModel }: EngineActors) =>
  setup({
    types: {
      context: {} as EngineContext,
      input: {} as { readonly policy: EnginePolicy },
      events: {} as EngineEvent,
      emitted: {} as EngineNotice,
    },
    actors: { runWorker, loadModel, unloadModel, heartbeat: heartbeatMachine },
    guards: {
      lastRequest: ({ context }) => context.numRequests <= 1,
      keepsForEver: ({ context }) => context.policy.keepAliveMs === null,
      somethingNext: ({ context }) => context.next !== null,
      loadNext: ({ context }) => context.next !== null && context.next.checkpoint !== null,
      isLoaded: ({ context }, params: { checkpoint: string }) =>
        context.checkpoint === params.checkpoint && context.next === null,
    },
    actions: {
      planLoad: assign((_, params: { checkpoint: string }) => ({ next: { checkpoint: params.checkpoint } })),
      planUnload: assign({ next: { checkpoint: null } }),
      forgetPlan: assign({ next: null }),
      takePlan: assign(({ context }) => ({ checkpoint: context.next?.checkpoint ?? null, next: null })),
      forgetCheckpoint: assign({ checkpoint: null }),
      countRequest: assign({ numRequests: ({ context }) => context.numRequests + 1 }),
      discountRequest: assign({ numRequests: ({ context }) => Math.max(0, context.numRequests - 1) }),
      announceReady: emit({ type: 'engine.ready' }),
      announceExit: emit((_, params: { error: CodexpcError }) => ({
        type: 'engine.exited' as const,
        error: params.error,
      })),
      announceStopped: emit({ type: 'engine.stopped' }),
      announceLoaded: emit(({ context }) => ({
        type: 'model.loaded' as const,
        checkpoint: context.checkpoint ?? '',
      })),
      announceLoadFailure: emit(({ context }, params: { error: unknown }) => ({
        type: 'model.failed' as const,
        checkpoint: context.checkpoint ?? '',
        error: params.error,
      })),
      announceUnloaded: emit({ type: 'model.unloaded' }),
      passBeat: sendTo('heartbeat', { type: 'beat' }),
      expectSilence: sendTo('heartbeat', ({ context }) => ({
        type: 'limit' as const,
        limitMs: context.policy.loadingLimitMs,
      })),
      expectBeats: sendTo('heartbeat', ({ context }) => ({
        type: 'limit' as const,
        limitMs: context.policy.heartbeatLimitMs,
      })),
      closeWorker: sendTo('worker', { type: 'worker.close' }),
    },
    delays: { keepAlive: ({ context }) => context.policy.keepAliveMs ?? 0 },
  }).createMachine({
    id: 'engine',
    context: ({ input }) => ({ policy: input.policy, numRequests: 0, checkpoint: null, next: null }),
    initial: 'alive',
    states: {
      alive: {
        initial: 'starting',
        invoke: [
          {
            id: 'worker',
            src: 'runWorker',
            onError: {
              target: '#engine.failed',
              actions: { type: 'announceExit', params: ({ event }) => ({ error: noWorker(event.error) }) },
            },
          },
          {
            id: 'heartbeat',
            src: 'heartbeat',
            input: ({ context }) => ({ limitMs: context.policy.loadingLimitMs }),
            onDone: {
              target: '#engine.failed',
              actions: {
                type: 'announceExit',
                params: ({ context }) => ({ error: unresponsive(context.policy) }),
              },
            },
          },
        ],
        on: {
          'worker.beat': { actions: 'passBeat' },
          'worker.exited': {
            target: '#engine.failed',
            actions: { type: 'announceExit', params: ({ event }) => event },
          },
          load: { actions: { type: 'planLoad', params: ({ event }) => event } },
          unload: { actions: 'planUnload' },
          'request.ended': { actions: 'discountRequest' },
          'engine.stop': '.stopping',
        },
        states: {
          starting: {
            on: { 'worker.ready': { target: 'idle', actions: ['announceReady', 'expectBeats'] } },
          },
          idle: {
            always: [
              { guard: 'loadNext', target: 'loading' },
              { guard: 'somethingNext', actions: 'forgetPlan' },
            ],
          },
          loading: {
            entry: ['takePlan', 'expectSilence'],
            exit: 'expectBeats',
            // Nobody can use it yet: there is nothing to wait for, as there is where requests run.
            on: { unload: 'unloading' },
            invoke: {
              src: 'loadModel',
              input: ({ context }) => ({ checkpoint: context.checkpoint ?? '' }),
              onDone: { target: 'ready', actions: 'announceLoaded' },
              onError: {
                target: 'idle',
                actions: [
                  { type: 'announceLoadFailure', params: ({ event }) => ({ error: event.error }) },
                  'forgetCheckpoint',
                ],
              },
            },
          },
          ready: {
            always: { guard: 'somethingNext', target: 'unloading' },
            after: { keepAlive: [{ guard: 'keepsForEver' }, { target: 'unloading' }] },
            on: {
              load: [
                { guard: { type: 'isLoaded', params: ({ event }) => event } },
                { actions: { type: 'planLoad', params: ({ event }) => event } },
              ],
              'request.started': { target: 'generating', actions: 'countRequest' },
            },
          },
          generating: {
            on: {
              load: [
                { guard: { type: 'isLoaded', params: ({ event }) => event } },
                { actions: { type: 'planLoad', params: ({ event }) => event } },
              ],
              'request.started': { actions: 'countRequest' },
              'request.ended': [
                { guard: 'lastRequest', target: 'ready', actions: 'discountRequest' },
                { actions: 'discountRequest' },
              ],
            },
          },
          unloading: {
            entry: 'expectSilence',
            exit: 'expectBeats',
            invoke: {
              src: 'unloadModel',
              onDone: { target: 'idle', actions: ['forgetCheckpoint', 'announceUnloaded'] },
              onError: {
                target: '#engine.failed',
                actions: {
                  type: 'announceExit',
                  params: ({ event }) => ({ error: unloadFailed(event.error) }),
                },
              },
            },
          },
          stopping: {
            entry: 'closeWorker',
            on: {
              'worker.closed': { target: '#engine.stopped' },
              'worker.exited': { target: '#engine.stopped' },
              load: {},
              unload: {},
              'engine.stop': {},
            },
          },
        },
      },
      failed: { type: 'final' },
      stopped: { type: 'final', entry: 'announceStopped' },
    },
  });

export type EngineSnapshot = SnapshotFrom<ReturnType<typeof createEngineMachine>>;

export type EnginePhase =
  'starting' | 'idle' | 'loading' | 'ready' | 'generating' | 'unloading' | 'stopping' | 'failed' | 'stopped';

export const enginePhaseOf = ({ value }: Pick<EngineSnapshot, 'value'>): EnginePhase =>
  typeof value === 'string' ? (value as EnginePhase) : value.alive;

const unresponsive = (policy: EnginePolicy): CodexpcError =>
  new CodexpcError({
    code: 'engine_unresponsive',
    message:
      `The engine gave no sign of life for twice ${policy.heartbeatLimitMs} ms and was stopped. ` +
      'It is started again by itself; send the request again, and see `codexpc logs` if this repeats.',
    details: { heartbeatLimitMs: policy.heartbeatLimitMs },
  });

const unloadFailed = (cause: unknown): CodexpcError =>
  new CodexpcError({
    code: 'engine_exited',
    message: 'The engine could not release its model and was stopped. It is started again by itself.',
    cause,
  });

const noWorker = (cause: unknown): CodexpcError =>
  new CodexpcError({
    code: 'engine_start_failed',
    message: `No thread could be started for the engine: ${cause instanceof Error ? cause.message : String(cause)}.`,
    cause,
  });
