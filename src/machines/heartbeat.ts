// Is the engine worker alive? Two limits, one after the other: the first silence only warns, a second one as long is
// the verdict. The second starts to count when the first has fired, so a machine that slept (or a process that was
// stopped and continued) is late once and gets a whole limit to show itself, instead of being declared dead on waking.

import { assign, sendParent, setup } from 'xstate';

export interface HeartbeatInput {
  readonly limitMs: number;
}

export type HeartbeatEvent =
  /** Any sign of life: a beat, a token, prefill progress. */
  | { readonly type: 'beat' }
  /** The next stretch may be silent for this long: a model is being loaded. */
  | { readonly type: 'limit'; readonly limitMs: number };

/** What the parent is told; `lost` comes as the machine's end. */
export type HeartbeatNotice = { readonly type: 'heartbeat.late' } | { readonly type: 'heartbeat.recovered' };

export const heartbeatMachine = setup({
  types: {
    context: {} as HeartbeatInput,
    input: {} as HeartbeatInput,
    events: {} as HeartbeatEvent,
  },
  actions: {
    setLimit: assign((_, params: { limitMs: number }) => ({ limitMs: params.limitMs })),
    tellLate: sendParent({ type: 'heartbeat.late' } satisfies HeartbeatNotice),
    tellRecovered: sendParent({ type: 'heartbeat.recovered' } satisfies HeartbeatNotice),
  },
  delays: { limit: ({ context }) => context.limitMs },
}).createMachine({
  id: 'heartbeat',
  context: ({ input }) => input,
  initial: 'beating',
  on: {
    limit: { target: '.beating', actions: { type: 'setLimit', params: ({ event }) => event } },
  },
  states: {
    beating: {
      after: { limit: 'late' },
      on: { beat: { target: 'beating', reenter: true } },
    },
    late: {
      entry: 'tellLate',
      after: { limit: 'lost' },
      on: { beat: { target: 'beating', actions: 'tellRecovered' } },
    },
    lost: { type: 'final' },
  },
});
