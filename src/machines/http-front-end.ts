// The life of the front end that can be missed: without its port the daemon serves its other clients, and it tries for
// the port again and again. Leaving `accepting` is what stops requests from being taken.
//
//   closed ── open ──→ listening ──→ accepting ── close ──→ closing ──→ done
//                       ↑     └─ error ─→ waiting ←─ releasing ←─┘ listener.failed
//                       └──────────────────┘

import { assign, setup } from 'xstate';
import type { FrontEndActors } from './front-end.js';

export type HttpFrontEndEvent =
  | { readonly type: 'open' }
  | { readonly type: 'close' }
  /** A listening socket broke while it was in use. */
  | { readonly type: 'listener.failed'; readonly error: unknown };

export interface HttpFrontEndContext {
  readonly retryMs: number;
  /** Why there is no listener now; null when there is one, or nobody asked for one. */
  readonly error: unknown;
}

export const createHttpFrontEndMachine = ({ listen, accept, release }: FrontEndActors) =>
  setup({
    types: {
      context: {} as HttpFrontEndContext,
      input: {} as { readonly retryMs: number },
      events: {} as HttpFrontEndEvent,
    },
    actors: { listen, accept, release },
    actions: {
      recordError: assign((_, params: { error: unknown }) => ({ error: params.error })),
      forgetError: assign({ error: null }),
    },
    delays: { retryDelay: ({ context }) => context.retryMs },
  }).createMachine({
    id: 'httpFrontEnd',
    context: ({ input }) => ({ ...input, error: null }),
    initial: 'closed',
    states: {
      closed: { on: { open: 'listening', close: 'done' } },
      listening: {
        invoke: {
          src: 'listen',
          onDone: { target: 'accepting', actions: 'forgetError' },
          onError: {
            target: 'waiting',
            actions: { type: 'recordError', params: ({ event }) => ({ error: event.error }) },
          },
        },
        on: { close: 'closing' },
      },
      accepting: {
        invoke: { src: 'accept' },
        on: {
          close: 'closing',
          'listener.failed': {
            target: 'releasing',
            actions: { type: 'recordError', params: ({ event }) => event },
          },
        },
      },
      releasing: {
        invoke: { src: 'release', onDone: 'waiting', onError: 'waiting' },
        on: { close: 'closing' },
      },
      waiting: { after: { retryDelay: 'listening' }, on: { close: 'closing' } },
      closing: { invoke: { src: 'release', onDone: 'done', onError: 'done' } },
      done: { type: 'final' },
    },
  });
