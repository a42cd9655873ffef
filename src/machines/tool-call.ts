// One call of a tool. The work tells facts; when it is stopped, and what the call comes to, is decided here.
// Leaving `active` is what ends the work, answering or not.
//
//   waiting ─ validating ─ running ───────────────────────────────────────────────→ done
//      │          │           └─ time, limit, cancel ─→ stopping{asked ─ killed} ─→ timedOut, capped, cancelled
//      └──────────┴─→ refused, invalid, cancelled                               any ─→ crashed

import { assign, sendTo, setup } from 'xstate';
import type { CallbackActorLogic, SnapshotFrom } from 'xstate';

export type ToolWorkCommand =
  | { readonly type: 'run' }
  /** What a program may answer by ending in good order. */
  | { readonly type: 'terminate' }
  | { readonly type: 'kill' };

/** What is bounded besides wall time. */
export type CappedLimit = 'output' | 'memory' | 'processes' | 'cpu' | 'fileSize';

/** How the work itself ended. */
export interface ToolReport {
  readonly isOk: boolean;
  /** What it wrote, cut to what may be kept. */
  readonly text: string;
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly outputBytes: number;
  readonly isTruncated: boolean;
  /** The limit that the system itself enforced; null: none. */
  readonly limit: CappedLimit | null;
}

export type ToolCallEvent =
  /** A worker has taken it. */
  | { readonly type: 'work.started' }
  | { readonly type: 'work.refused'; readonly reason: string }
  /** With the wall time that the call itself asks for; null: all that it may have. */
  | { readonly type: 'arguments.valid'; readonly wallMs: number | null }
  | { readonly type: 'arguments.invalid'; readonly reason: string }
  | { readonly type: 'limit.passed'; readonly limit: CappedLimit }
  | { readonly type: 'work.done'; readonly report: ToolReport }
  /** The worker is gone. */
  | { readonly type: 'work.lost'; readonly reason: string }
  | { readonly type: 'cancel' };

export interface ToolCallInput {
  readonly wallMs: number;
  readonly validationMs: number;
  /** From the request to end until the kill. */
  readonly killGraceMs: number;
  /** From the kill until the worker itself is given up. */
  readonly abandonMs: number;
}

export type ToolCallOutcome =
  | { readonly type: 'done'; readonly report: ToolReport }
  | { readonly type: 'refused' | 'invalid' | 'crashed'; readonly reason: string }
  /** Without a report the work did not end when it was killed, and was given up. */
  | { readonly type: 'timedOut' | 'cancelled'; readonly report: ToolReport | null }
  | { readonly type: 'capped'; readonly limit: CappedLimit; readonly report: ToolReport | null };

interface ToolCallContext extends ToolCallInput {
  readonly outcome: ToolCallOutcome;
}

/** The work of a call; src/actors/tools/ supplies it. */
export interface ToolCallActors {
  readonly work: CallbackActorLogic<ToolWorkCommand>;
}

export const VALIDATION_TIMED_OUT =
  "checking the arguments against the tool's schema took too long and was stopped; send simpler arguments";

export const createToolCallMachine = ({ work }: ToolCallActors) =>
  setup({
    types: {
      context: {} as ToolCallContext,
      input: {} as ToolCallInput,
      events: {} as ToolCallEvent,
      output: {} as ToolCallOutcome,
    },
    actors: { work },
    guards: {
      systemCapped: (_, params: { report: ToolReport }) => params.report.limit !== null,
    },
    actions: {
      conclude: assign((_, params: { outcome: ToolCallOutcome }) => ({ outcome: params.outcome })),
      addReport: assign(({ context }, params: { report: ToolReport }) => ({
        outcome: { ...context.outcome, report: params.report } as ToolCallOutcome,
      })),
      narrowWallTime: assign(({ context }, params: { wallMs: number | null }) => ({
        wallMs: Math.min(context.wallMs, params.wallMs ?? Infinity),
      })),
      run: sendTo('work', { type: 'run' }),
      terminate: sendTo('work', { type: 'terminate' }),
      kill: sendTo('work', { type: 'kill' }),
    },
    delays: {
      wallTime: ({ context }) => context.wallMs,
      validationTime: ({ context }) => context.validationMs,
      killGrace: ({ context }) => context.killGraceMs,
      abandonTime: ({ context }) => context.abandonMs,
    },
  }).createMachine({
    id: 'toolCall',
    context: ({ input }) => ({ ...input, outcome: { type: 'cancelled', report: null } }),
    output: ({ context }) => context.outcome,
    initial: 'active',
    states: {
      active: {
        initial: 'waiting',
        invoke: { id: 'work', src: 'work' },
        on: {
          cancel: 'cancelled',
          'work.refused': {
            target: 'refused',
            actions: {
              type: 'conclude',
              params: ({ event }) => ({ outcome: { type: 'refused', reason: event.reason } }),
            },
          },
          'work.lost': {
            target: 'crashed',
            actions: {
              type: 'conclude',
              params: ({ event }) => ({ outcome: { type: 'crashed', reason: event.reason } }),
            },
          },
        },
        states: {
          waiting: { on: { 'work.started': 'validating' } },
          validating: {
            after: {
              validationTime: {
                target: '#toolCall.invalid',
                actions: {
                  type: 'conclude',
                  params: { outcome: { type: 'invalid', reason: VALIDATION_TIMED_OUT } },
                },
              },
            },
            on: {
              'arguments.valid': {
                target: 'running',
                actions: { type: 'narrowWallTime', params: ({ event }) => event },
              },
              'arguments.invalid': {
                target: '#toolCall.invalid',
                actions: {
                  type: 'conclude',
                  params: ({ event }) => ({ outcome: { type: 'invalid', reason: event.reason } }),
                },
              },
            },
          },
          running: {
            entry: 'run',
            after: {
              wallTime: {
                target: 'stopping.timedOut',
                actions: { type: 'conclude', params: { outcome: { type: 'timedOut', report: null } } },
              },
            },
            on: {
              cancel: {
                target: 'stopping.cancelled',
                actions: { type: 'conclude', params: { outcome: { type: 'cancelled', report: null } } },
              },
              'limit.passed': {
                target: 'stopping.capped',
                actions: {
                  type: 'conclude',
                  params: ({ event }) => ({ outcome: { type: 'capped', limit: event.limit, report: null } }),
                },
              },
              'work.done': [
                {
                  guard: { type: 'systemCapped', params: ({ event }) => event },
                  target: '#toolCall.capped',
                  actions: {
                    type: 'conclude',
                    params: ({ event: { report } }) => ({
                      outcome: { type: 'capped', limit: report.limit!, report },
                    }),
                  },
                },
                {
                  target: '#toolCall.done',
                  actions: {
                    type: 'conclude',
                    params: ({ event: { report } }) => ({ outcome: { type: 'done', report } }),
                  },
                },
              ],
            },
          },
          stopping: {
            initial: 'timedOut',
            on: { cancel: {} }, // it is ending already
            states: {
              timedOut: stoppingTo('timedOut', 'asked'),
              cancelled: stoppingTo('cancelled', 'asked'),
              capped: stoppingTo('capped', 'killed'),
            },
          },
        },
      },
      done: { type: 'final' },
      refused: { type: 'final' },
      invalid: { type: 'final' },
      timedOut: { type: 'final' },
      capped: { type: 'final' },
      cancelled: { type: 'final' },
      crashed: { type: 'final' },
    },
  });

const stoppingTo = <const Verdict extends 'timedOut' | 'capped' | 'cancelled'>(
  verdict: Verdict,
  initial: 'asked' | 'killed',
) =>
  ({
    initial,
    on: {
      'work.done': {
        target: `#toolCall.${verdict}` as const,
        actions: {
          type: 'addReport',
          params: ({ event }: { event: { readonly report: ToolReport } }) => event,
        },
      },
      // A program that does not end is given up with its worker; what had been decided stands.
      'work.lost': `#toolCall.${verdict}` as const,
    },
    states: {
      asked: { entry: 'terminate', after: { killGrace: 'killed' } },
      killed: { entry: 'kill', after: { abandonTime: `#toolCall.${verdict}` as const } },
    },
  }) as const;

export type ToolCallSnapshot = SnapshotFrom<ReturnType<typeof createToolCallMachine>>;

export type ToolCallPhase = 'waiting' | 'validating' | 'running' | 'stopping' | ToolCallOutcome['type'];

export const toolCallPhaseOf = ({ value }: Pick<ToolCallSnapshot, 'value'>): ToolCallPhase => {
  if (typeof value === 'string') return value as ToolCallPhase;
  const { active } = value;
  return typeof active === 'string' ? (active as ToolCallPhase) : 'stopping';
};
