// A front end's life. Leaving `accepting` is what stops connections from being taken.
//
//   closed ── open ──→ listening ──→ accepting ── close ──→ closing ──→ done
//                          └─────────── error ───────────────┘

import { assign, setup } from 'xstate';
import type { CallbackActorLogic, EventObject, PromiseActorLogic } from 'xstate';

/** The work a front end needs done; src/actors/front-end.ts supplies it. */
export interface FrontEndActors {
  /** Takes the address. */
  readonly listen: PromiseActorLogic<void>;
  /** Takes connections for as long as it runs. */
  readonly accept: CallbackActorLogic<EventObject>;
  /** Ends the connections and gives the address back. */
  readonly release: PromiseActorLogic<void>;
}

export type FrontEndEvent =
  | { readonly type: 'open' }
  | { readonly type: 'close' }
  /** The listening socket broke while it was in use. */
  | { readonly type: 'listener.failed'; readonly error: unknown };

export interface FrontEndContext {
  /** Why it ended; null when it was told to. */
  readonly error: unknown;
}

export const createFrontEndMachine = ({ listen, accept, release }: FrontEndActors) =>
  setup({
    types: { context: {} as FrontEndContext, events: {} as FrontEndEvent },
    actors: { listen, accept, release },
  }).createMachine({
    id: 'frontEnd',
    context: { error: null },
    initial: 'closed',
    states: {
      closed: { on: { open: 'listening', close: 'done' } },
      listening: {
        invoke: {
          src: 'listen',
          onDone: 'accepting',
          onError: { target: 'closing', actions: assign({ error: ({ event }) => event.error }) },
        },
        on: { close: 'closing' },
      },
      accepting: {
        invoke: { src: 'accept' },
        on: {
          close: 'closing',
          'listener.failed': { target: 'closing', actions: assign({ error: ({ event }) => event.error }) },
        },
      },
      closing: { invoke: { src: 'release', onDone: 'done', onError: 'done' } },
      done: { type: 'final' },
    },
  });
