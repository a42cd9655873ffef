// One request, from acceptance to its one terminal event. Leaving `generating` is what stops the engine's work on it.
//
//   preparing ─ generating{ queued ─ prefilling ─ decoding{flowing ⇄ paused} } ─ completed
//       └── callingTools{ runningTool ─ awaitingTool } ──┘                    any ─ failed, cancelled
//
// A round of generation may end in calls. The daemon answers its own, by running the tool or by telling the model why
// it does not; those of the client are waited for, or end the response once the daemon's have been answered.

import { assign, enqueueActions, sendTo, setup } from 'xstate';
import type { CallbackActorLogic, PromiseActorLogic, SnapshotFrom } from 'xstate';
import type { CodexpcError } from '../errors.js';

export type GenerateCommand =
  /** The receiver is full: no more tokens are wanted for now. */
  { readonly type: 'hold' } | { readonly type: 'release' };

/** The time for tools is over: what still runs is stopped, and answered all the same. */
export type AnswerCommand = { readonly type: 'stop' };

export interface AnswerInput {
  /** The daemon's, in the model's order. */
  readonly callIds: readonly string[];
  /** Why none of them is run any more; null: they are. */
  readonly refusal: ToolRefusal | null;
}
export type ToolRefusal = 'rounds_spent' | 'time_spent';

/** The work a session needs done; src/actors/ supplies it. */
export interface SessionActors {
  /** Waits for engine and model, and renders the conversation so far. */
  readonly prepare: PromiseActorLogic<void>;
  readonly generate: CallbackActorLogic<GenerateCommand>;
  /** Answers calls, each with a `tool.finished`. Leaving it aborts the one that runs. */
  readonly answerCalls: CallbackActorLogic<AnswerCommand, AnswerInput>;
}

export type CancelReason = 'client_gone' | 'cancelled' | 'deadline' | 'shutdown';
export type SessionFinish = 'stop' | 'length' | 'tool_calls' | 'tool_limit' | 'cancelled' | 'deadline';

export interface SessionCall {
  readonly callId: string;
  /** Who answers it. */
  readonly owner: 'daemon' | 'client';
}

export type SessionEvent =
  /** The scheduler gave it a slot. */
  | { readonly type: 'generation.started' }
  | { readonly type: 'decode.started' }
  | {
      readonly type: 'generation.finished';
      readonly reason: 'stop' | 'length';
      readonly calls: readonly SessionCall[];
    }
  | { readonly type: 'generation.failed'; readonly error: CodexpcError }
  /** The engine is gone; a request it had not begun goes back to the start of the line. */
  | { readonly type: 'engine.lost'; readonly error: CodexpcError }
  | { readonly type: 'sink.stalled' }
  | { readonly type: 'sink.drained' }
  /** The daemon has answered a call of its own. */
  | { readonly type: 'tool.finished'; readonly callId: string; readonly tookMs: number }
  /** The client has answered one of its. */
  | { readonly type: 'tool.output'; readonly callId: string }
  | { readonly type: 'deadline.passed' }
  | { readonly type: 'cancel'; readonly reason: CancelReason };

export interface SessionInput {
  readonly requestId: string;
  readonly deadlineMs: number | null;
  /** How long a call that the client does not answer is waited for. */
  readonly toolDeadlineMs: number;
  /** Rounds that may end in calls which the daemon runs; after them the model is told to answer without. */
  readonly maxToolRounds: number;
  /** What the daemon's tools may take in all. */
  readonly maxToolTimeMs: number;
  /** The client's calls: `await`: are answered within this request; `return`: end it. */
  readonly toolCalls: 'await' | 'return';
}

export type SessionOutcome =
  | { readonly type: 'completed'; readonly finishReason: SessionFinish }
  | { readonly type: 'failed'; readonly error: CodexpcError };

interface SessionContext extends SessionInput {
  readonly pending: readonly SessionCall[];
  /** Calls for the client wait until the daemon's have been answered, and then end the response. */
  readonly returnsCalls: boolean;
  readonly numRounds: number;
  readonly numToolRounds: number;
  readonly toolTimeMs: number;
  readonly outcome: SessionOutcome;
}

/** 24 days: a longer timer would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const createSessionMachine = ({ prepare, generate, answerCalls }: SessionActors) =>
  setup({
    types: {
      context: {} as SessionContext,
      input: {} as SessionInput,
      events: {} as SessionEvent,
      output: {} as SessionOutcome,
    },
    actors: { prepare, generate, answerCalls },
    guards: {
      hasNoCalls: (_, params: Calls) => params.calls.length === 0,
      toolRoundsSpent: ({ context }, params: Calls) =>
        params.calls.some(isDaemons) && context.numToolRounds > context.maxToolRounds,
      hasCallsToAnswer: ({ context }, params: Calls) =>
        params.calls.some((call) => isDaemons(call) || context.toolCalls === 'await'),
      daemonsAnswered: ({ context }) => !context.pending.some(isDaemons),
      allAnswered: ({ context }) => context.pending.length === 0,
      returnsCalls: ({ context }) => context.pending.length === 0 && context.returnsCalls,
    },
    actions: {
      startDeadline: enqueueActions(({ enqueue, context }) => {
        if (context.deadlineMs !== null)
          enqueue.raise(
            { type: 'deadline.passed' },
            { delay: Math.min(context.deadlineMs, LONGEST_TIMER_MS) },
          );
      }),
      countRound: assign({ numRounds: ({ context }) => context.numRounds + 1 }),
      // A round counts whether the calls are run or refused: either costs the model a turn, and has to end some time.
      takeCalls: assign(({ context }, { calls }: Calls) => ({
        pending: calls.filter((call) => isDaemons(call) || context.toolCalls === 'await'),
        returnsCalls: context.toolCalls === 'return' && !calls.every(isDaemons),
        numToolRounds: context.numToolRounds + (calls.some(isDaemons) ? 1 : 0),
      })),
      markAnswered: assign(({ context }, { callId }: { callId: string }) => ({
        pending: context.pending.filter((call) => call.callId !== callId),
      })),
      countToolTime: assign(({ context }, { tookMs }: { tookMs: number }) => ({
        toolTimeMs: context.toolTimeMs + tookMs,
      })),
      stopTools: sendTo('answerCalls', { type: 'stop' }),
      finish: assign((_, params: { finishReason: SessionFinish }) => ({
        outcome: { type: 'completed' as const, finishReason: params.finishReason },
      })),
      fail: assign((_, params: { error: unknown }) => ({
        outcome: { type: 'failed' as const, error: params.error as CodexpcError },
      })),
      hold: sendTo('generate', { type: 'hold' }),
      release: sendTo('generate', { type: 'release' }),
    },
    delays: {
      toolDeadline: ({ context }) => context.toolDeadlineMs,
      toolTimeLeft: ({ context }) => Math.max(0, context.maxToolTimeMs - context.toolTimeMs),
    },
  }).createMachine({
    id: 'session',
    context: ({ input }) => ({
      ...input,
      pending: [],
      returnsCalls: false,
      numRounds: 0,
      numToolRounds: 0,
      toolTimeMs: 0,
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
                  guard: { type: 'hasNoCalls', params: ({ event }) => event },
                  target: '#session.completed',
                  actions: { type: 'finish', params: ({ event }) => ({ finishReason: event.reason }) },
                },
                {
                  guard: { type: 'toolRoundsSpent', params: ({ event }) => event },
                  target: '#session.completed',
                  actions: { type: 'finish', params: { finishReason: 'tool_limit' } },
                },
                {
                  guard: { type: 'hasCallsToAnswer', params: ({ event }) => event },
                  target: 'callingTools',
                  actions: { type: 'takeCalls', params: ({ event }) => event },
                },
                {
                  target: '#session.completed',
                  actions: { type: 'finish', params: { finishReason: 'tool_calls' } },
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
          callingTools: {
            initial: 'runningTool',
            invoke: {
              id: 'answerCalls',
              src: 'answerCalls',
              input: ({ context }) => ({
                callIds: context.pending.filter(isDaemons).map(({ callId }) => callId),
                refusal: refusalOf(context),
              }),
            },
            always: [
              {
                guard: 'returnsCalls',
                target: '#session.completed',
                actions: { type: 'finish', params: { finishReason: 'tool_calls' } },
              },
              { guard: 'allAnswered', target: 'preparing' },
            ],
            on: {
              'tool.finished': {
                actions: [
                  { type: 'markAnswered', params: ({ event }) => event },
                  { type: 'countToolTime', params: ({ event }) => event },
                ],
              },
              'tool.output': { actions: { type: 'markAnswered', params: ({ event }) => event } },
            },
            states: {
              runningTool: {
                always: { guard: 'daemonsAnswered', target: 'awaitingTool' },
                after: { toolTimeLeft: { actions: 'stopTools' } },
              },
              awaitingTool: {
                after: {
                  toolDeadline: {
                    target: '#session.cancelled',
                    actions: { type: 'finish', params: { finishReason: 'deadline' } },
                  },
                },
              },
            },
          },
        },
      },
      completed: { type: 'final' },
      failed: { type: 'final' },
      cancelled: { type: 'final' },
    },
  });

interface Calls {
  readonly calls: readonly SessionCall[];
}

const isDaemons = ({ owner }: SessionCall): boolean => owner === 'daemon';

const refusalOf = (context: SessionContext): ToolRefusal | null => {
  if (context.numToolRounds > context.maxToolRounds) return 'rounds_spent';
  return context.toolTimeMs >= context.maxToolTimeMs ? 'time_spent' : null;
};

const finishOf = (reason: CancelReason): SessionFinish => (reason === 'deadline' ? 'deadline' : 'cancelled');

export type SessionSnapshot = SnapshotFrom<ReturnType<typeof createSessionMachine>>;

export type SessionPhase =
  | 'preparing'
  | 'queued'
  | 'prefilling'
  | 'decoding'
  | 'paused'
  | 'runningTool'
  | 'awaitingTool'
  | 'completed'
  | 'failed'
  | 'cancelled';

export const sessionPhaseOf = ({ value }: Pick<SessionSnapshot, 'value'>): SessionPhase => {
  if (typeof value === 'string') return value as SessionPhase;
  const active = value.active;
  if (typeof active === 'string') return active as SessionPhase;
  if ('callingTools' in active) return active.callingTools;
  const generating = active.generating;
  if (typeof generating === 'string') return generating as SessionPhase;
  return generating.decoding === 'paused' ? 'paused' : 'decoding';
};
