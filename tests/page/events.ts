// Events of the debug stream for tests, with what they do not care about filled in. The actor of a session of number 1
// is `session#1`, its request `r1`; the number is also the time of its start.

import type { ActorView, WatchEvent } from '../../src/ipc/protocol.js';
import { ScriptedService } from '../fixtures/scripted-service.js';
import { createFrontEndCounters } from '../../src/ipc/counters.js';

type EventOf<Kind extends WatchEvent['kind']> = Extract<WatchEvent, { kind: Kind }>;

export const started = (machine: string, number: number): EventOf<'actor.started'> => ({
  kind: 'actor.started',
  at: number,
  actor: `${machine}#${number}`,
  parent: null,
  machine,
  requestId: machine === 'session' ? `r${number}` : null,
  states: ['active.preparing'],
});

export const moved = (
  machine: string,
  at: number,
  to: readonly string[],
  facts: Partial<EventOf<'actor.transition'>> = {},
): EventOf<'actor.transition'> => ({
  kind: 'actor.transition',
  at,
  actor: `${machine}#1`,
  event: 'something',
  from: [],
  to,
  taken: [],
  refused: [],
  ...facts,
});

export const stopped = (machine: string, number: number, at = number): EventOf<'actor.stopped'> => ({
  kind: 'actor.stopped',
  at,
  actor: `${machine}#${number}`,
});

export const message = (facts: Partial<EventOf<'message'>>): EventOf<'message'> => ({
  kind: 'message',
  at: 2,
  requestId: 'r1',
  index: 0,
  source: 'output',
  phase: 'done',
  channel: null,
  recipient: null,
  numTokens: 0,
  text: null,
  tokens: null,
  ...facts,
});

export const repaired = (repair: string): EventOf<'repaired'> => ({
  kind: 'repaired',
  at: 3,
  requestId: 'r1',
  repair,
});

export const viewOf = (machine: string, number: number): ActorView => ({
  actor: `${machine}#${number}`,
  parent: null,
  machine,
  requestId: null,
  startedAt: number,
  states: ['active.preparing'],
  since: number,
  received: 0,
  mailbox: 0,
  transitions: 0,
  context: {},
});

export const snapshotOf = (at: number, actors: readonly ActorView[]): EventOf<'snapshot'> => ({
  kind: 'snapshot',
  at,
  actors,
  status: new ScriptedService(createFrontEndCounters()).status(),
  content: false,
  faults: [],
});
