import { describe, expect, test } from '@jest/globals';
import { createActor, type EventObject, setup, SimulatedClock, type SnapshotFrom } from 'xstate';
import { heartbeatMachine } from '../../src/machines/heartbeat.js';

const LIMIT_MS = 10_000;

/** The machine as its parent sees it. */
const start = () => {
  const clock = new SimulatedClock();
  const told: string[] = [];
  const parent = createActor(
    setup({
      types: { events: {} as EventObject },
      actors: { heartbeat: heartbeatMachine },
    }).createMachine({
      invoke: {
        id: 'heartbeat',
        src: 'heartbeat',
        input: { limitMs: LIMIT_MS },
        onDone: { actions: () => void told.push('lost') },
      },
      on: { 'heartbeat.*': { actions: ({ event }) => void told.push(event.type) } },
    }),
    { clock },
  );
  parent.start();
  const actor = parent.getSnapshot().children['heartbeat']!;
  return {
    clock,
    told,
    actor,
    beat: () => actor.send({ type: 'beat' }),
    state: () => (actor.getSnapshot() as SnapshotFrom<typeof heartbeatMachine>).value,
  };
};

describe('heartbeat', () => {
  test('beats keep it content for ever', () => {
    const { clock, beat, state } = start();
    for (let i = 0; i < 1000; i++) {
      clock.increment(LIMIT_MS - 1);
      beat();
    }
    expect(state()).toBe('beating');
  });

  test('the first silence is a warning, the second the verdict', () => {
    const { clock, state, told } = start();
    clock.increment(LIMIT_MS);
    expect(state()).toBe('late');
    clock.increment(LIMIT_MS - 1);
    expect(state()).toBe('late');
    clock.increment(1);
    expect(state()).toBe('lost');
    expect(told).toEqual(['heartbeat.late', 'lost']);
  });

  test('a beat after the warning makes all well', () => {
    const { clock, beat, state, told } = start();
    clock.increment(LIMIT_MS);
    beat();
    expect(state()).toBe('beating');
    clock.increment(LIMIT_MS - 1);
    expect(state()).toBe('beating');
    expect(told).toEqual(['heartbeat.late', 'heartbeat.recovered']);
  });

  test.each([60_000, 3_600_000, 7 * 24 * 3_600_000])(
    'a machine that slept for %i ms is late, not lost',
    (sleptMs) => {
      const { clock, beat, state } = start();
      clock.increment(sleptMs); // one jump, as the process sees it
      expect(state()).toBe('late');
      clock.increment(LIMIT_MS - 1); // a whole limit to show itself
      expect(state()).toBe('late');
      beat();
      expect(state()).toBe('beating');
    },
  );

  test('a longer limit holds until it is shortened again', () => {
    const { clock, actor, state } = start();
    actor.send({ type: 'limit', limitMs: 120_000 });
    clock.increment(119_999);
    expect(state()).toBe('beating');
    actor.send({ type: 'limit', limitMs: LIMIT_MS });
    clock.increment(LIMIT_MS);
    expect(state()).toBe('late');
  });

  test.each([
    ['beating', 0, 'beat', 'beating'],
    ['beating', 0, 'limit', 'beating'],
    ['late', LIMIT_MS, 'beat', 'beating'],
    ['late', LIMIT_MS, 'limit', 'beating'],
    ['lost', 2, 'beat', 'lost'],
    ['lost', 2, 'limit', 'lost'],
  ] as const)('%s (after %i), %s → %s', (from, after, event, to) => {
    const { clock, actor, state } = start();
    if (from === 'lost') {
      clock.increment(LIMIT_MS);
      clock.increment(LIMIT_MS);
    } else clock.increment(after);
    expect(state()).toBe(from);
    actor.send(event === 'beat' ? { type: 'beat' } : { type: 'limit', limitMs: LIMIT_MS });
    expect(state()).toBe(to);
  });
});
