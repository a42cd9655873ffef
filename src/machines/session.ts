// One request, from acceptance to its one terminal event. Leaving `generating` is what stops the engine's work on it.
//
//   preparing ─ generating{ queued ─ prefilling ─ decoding{flowing ⇄ paused} } ─ completed
//       └──────── awaitingTool ──────┘                                        any ─ failed, cancelled

import { assign, enqueueActions, sendTo, setup } from 'xstate';
import type { CallbackActorLogic, PromiseActorLogic, SnapshotFrom } from 'xstate';
import type { CodexpcError } from '../errors.js';

export type GenerateCommand =
  /** The receiver is full: no more tokens are wanted for now. */
  { readonly type: 'hold' } | { readonly type: 'release' };

/** The work a session needs done; src/actors/ supplies it. */
export interface SessionActors {
  /** Waits for engine and model, and renders the conversation so far. */
  readonly prepare: PromiseActorLogic<void>;
  readonly generate: CallbackActorLogic<GenerateCommand>;
}

export type CancelReason = 'client_gone' | 'cancelled' | 'deadline' | 'shutdown';
export type SessionFinish = 'stop' | 'length' | 'tool_calls' | 'cancelled' | 'deadline';

export type SessionEvent =
  /** The scheduler gave it a slot. */
  | { readonly type: 'generation.started' }
  | { readonly type: 'decode.started' }
  | {
      readonly type: 'generation.finished';
      readonly reason: 'stop' | 'length';
      readonly callIds: readonly string[];
    }
  | { readonly type: 'generation.failed'; readonly error: CodexpcError }
  /** The engine is gone; a request it had not begun goes back to the start of the line. */
  | { readonly type: 'engine.lost'; readonly error: CodexpcError }
  | { readonly type: 'sink.stalled' }
  | { readonly type: 'sink.drained' }
  | { readonly type: 'tool.output'; readonly callId: string }
  | { readonly type: 'deadline.passed' }
  | { readonly type: 'cancel'; readonly reason: CancelReason };

export interface SessionInput {
  readonly requestId: string;
  readonly deadlineMs: number | null;
  /** How long an unanswered call is waited for. */
  readonly toolDeadlineMs: number;
  /** `await`: calls are answered within this request; `return`: they end it. */
  readonly toolCalls: 'await' | 'return';
}

export type SessionOutcome =
  | { readonly type: 'completed'; readonly finishReason: SessionFinish }
  | { readonly type: 'failed'; readonly error: CodexpcError };

interface SessionContext extends SessionInput {
  readonly pendingCallIds: readonly string[];
  readonly numRounds: number;
  readonly outcome: SessionOutcome;
}

export const createSessionMachine = ({ prepare, generate }: SessionActors) =>
  setup({
    types: {
      context: {} as SessionContext,
      input: {} as SessionInput,
      events: {} as SessionEvent,
      output: {} as SessionOutcome,
    },
    actors: { prepare, generate },
    guards: {
      awaitsTools: ({ context }, params: { callIds: readonly string[] }) =>
        context.toolCalls === 'await' && params.callIds.length > 0,
      allAnswered: ({ context }) => context.pendingCallIds.length === 0,
    },
    actions: {
      startDeadline: enqueueActions(({ enqueue, context }) => {
        if (context.deadlineMs !== null)
          enqueue.raise({ type: 'deadline.passed' }, { delay: context.deadlineMs });
      }),
      countRound: assign({ numRounds: ({ context }) => context.numRounds + 1 }),
      awaitCalls: assign((_, params: { callIds: readonly string[] }) => ({ pendingCallIds: params.callIds })),
      markAnswered: assign(({ context }, params: { callId: string }) => ({
        pendingCallIds: context.pendingCallIds.filter((callId) => callId !== params.callId),
      })),
      finish: assign((_, params: { finishReason: SessionFinish }) => ({
        outcome: { type: 'completed' as const, finishReason: params.finishReason },
      })),
      fail: assign((_, params: { error: unknown }) => ({
        outcome: { type: 'failed' as const, error: params.error as CodexpcError },
      })),
      hold: sendTo('generate', { type: 'hold' }),
      release: sendTo('generate', { type: 'release' }),
    },
    delays: { toolDeadline: ({ context }) => context.toolDeadlineMs },
  }).createMachine({
    id: 'session',
    context: ({ input }) => ({
      ...input,
      pendingCallIds: [],
      numRounds: 0,
      outcome: { type: 'completed', finishReason: 'cancelled' },
    }),
    output: ({ context }) => context.outcome,
    initial: 'active',
    states: {
      active: {
        initial: 'preparing',
        entry: 'startDeadline',
        on: {
          cancel: {
            target: 'cancelled',
            actions: { type: 'finish', params: ({ event }) => ({ finishReason: finishOf(event.reason) }) },
          },
          'deadline.passed': {
            target: 'cancelled',
            actions: { type: 'finish', params: { finishReason: 'deadline' } },
          },
          'generation.failed': { target: 'failed', actions: { type: 'fail', params: ({ event }) => event } },
        },
        states: {
          preparing: {
            invoke: {
              src: 'prepare',
              onDone: 'generating',
              onError: {
                target: '#session.failed',
                actions: { type: 'fail', params: ({ event }) => ({ error: event.error }) },
              },
            },
          },
          generating: {
            initial: 'queued',
            entry: 'countRound',
            invoke: { id: 'generate', src: 'generate' },
            on: {
              'engine.lost': {
                target: '#session.failed',
                actions: { type: 'fail', params: ({ event }) => event },
              },
              'generation.finished': [
                {
                  guard: { type: 'awaitsTools', params: ({ event }) => event },
                  target: 'awaitingTool',
                  actions: { type: 'awaitCalls', params: ({ event }) => event },
                },
                {
                  target: '#session.completed',
                  actions: {
                    type: 'finish',
                    params: ({ event }) => ({
                      finishReason: event.callIds.length > 0 ? ('tool_calls' as const) : event.reason,
                    }),
                  },
                },
              ],
            },
            states: {
              queued: {
                on: { 'generation.started': 'prefilling', 'engine.lost': '#session.active.preparing' },
              },
              prefilling: { on: { 'decode.started': 'decoding' } },
              decoding: {
                initial: 'flowing',
                states: {
                  flowing: { on: { 'sink.stalled': 'paused' } },
                  paused: {
                    entry: 'hold',
                    on: { 'sink.drained': { target: 'flowing', actions: 'release' } },
                  },
                },
              },
            },
          },
          awaitingTool: {
            always: { guard: 'allAnswered', target: 'preparing' },
            after: {
              toolDeadline: {
                target: '#session.cancelled',
                actions: { type: 'finish', params: { finishReason: 'deadline' } },
              },
            },
            on: { 'tool.output': { actions: { type: 'markAnswered', params: ({ event }) => event } } },
          },
        },
      },
      completed: { type: 'final' },
      failed: { type: 'final' },
      cancelled: { type: 'final' },
    },
  });

const finishOf = (reason: CancelReason): SessionFinish => (reason === 'deadline' ? 'deadline' : 'cancelled');

export type SessionSnapshot = SnapshotFrom<ReturnType<typeof createSessionMachine>>;

export type SessionPhase =
  | 'preparing'
  | 'queued'
  | 'prefilling'
  | 'decoding'
  | 'paused'
  | 'awaitingTool'
  | 'completed'
  | 'failed'
  | 'cancelled';

export const sessionPhaseOf = ({ value }: Pick<SessionSnapshot, 'value'>): SessionPhase => {
  if (typeof value === 'string') return value as SessionPhase;
  const active = value.active;
  if (typeof active === 'string') return active as SessionPhase;
  const generating = active.generating;
  if (typeof generating === 'string') return generating as SessionPhase;
  return generating.decoding === 'paused' ? 'paused' : 'decoding';
};
