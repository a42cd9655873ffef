import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { createActor, setup } from 'xstate';
import { createInspector } from '../../src/actors/inspection.js';
import type { RecordedEvent } from '../../src/ipc/protocol.js';

const door = setup({
  types: {
    events: {} as { type: 'push' | 'knock' | 'look' },
    context: {} as { note: string; numKnocks: number },
  },
  guards: { isUnlocked: () => false, isBroken: () => false },
  actions: { listen: () => {} },
}).createMachine({
  id: 'door',
  context: { note: 'a private word', numKnocks: 0 },
  initial: 'closed',
  states: {
    closed: {
      on: {
        push: [
          { guard: 'isUnlocked', target: 'open' },
          { guard: 'isBroken', target: 'open' },
        ],
        knock: [{ guard: 'isUnlocked', target: 'open' }, { actions: 'listen' }],
      },
    },
    open: { type: 'final' },
  },
});

const inspected = () => {
  const events: RecordedEvent[] = [];
  const inspector = createInspector({
    logger: pino({ level: 'silent' }),
    publish: (event) => void events.push(event),
    now: () => 0,
  });
  const actor = createActor(door, { id: 'front', inspect: inspector.inspect }).start();
  return { events, inspector, actor };
};

describe('the inspector', () => {
  test('tells of an event that all guards refused, and which', () => {
    const { events, actor } = inspected();
    actor.send({ type: 'push' });
    expect(events.at(-1)).toMatchObject({
      kind: 'event.ignored',
      event: 'push',
      states: ['closed'],
      refused: ['isUnlocked', 'isBroken'],
    });
  });

  test('tells of an event that nothing is done for', () => {
    const { events, actor } = inspected();
    actor.send({ type: 'look' });
    expect(events.at(-1)).toMatchObject({ kind: 'event.ignored', event: 'look', refused: [] });
  });

  test('tells of a transition that stays, with the guard that refused before it', () => {
    const { events, actor } = inspected();
    actor.send({ type: 'knock' });
    expect(events.at(-1)).toMatchObject({
      kind: 'actor.transition',
      from: ['closed'],
      to: ['closed'],
      taken: ['closed|knock|1'],
      refused: ['isUnlocked'],
    });
  });

  test('shows what lives, without words that a machine keeps', () => {
    const { inspector, actor } = inspected();
    actor.send({ type: 'knock' });
    expect(inspector.actors()).toMatchObject([
      {
        machine: 'door',
        states: ['closed'],
        received: 1,
        mailbox: 0,
        transitions: 1,
        context: { note: '14 characters', numKnocks: 0 },
      },
    ]);
    actor.stop();
    expect(inspector.actors()).toEqual([]);
  });
});
