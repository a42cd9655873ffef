import { describe, expect, test } from '@jest/globals';
import { applyEvent, EMPTY_WORLD, type World } from '../../src/page/model/world.js';
import type { WatchEvent } from '../../src/ipc/protocol.js';
import { message, moved, repaired, snapshotOf, started, stopped, viewOf } from './events.js';

const worldAfter = (...events: readonly WatchEvent[]): World => events.reduce(applyEvent, EMPTY_WORLD);

describe('an actor', () => {
  test('is where its last transition led, and says what was taken and refused', () => {
    const world = worldAfter(
      started('session', 1),
      moved('session', 5, ['active.generating.queued'], { taken: ['a|b|0'], refused: ['hasNoCalls'] }),
    );
    expect(world.actors.get('session#1')).toMatchObject({
      states: ['active.generating.queued'],
      since: 5,
      transitions: 1,
      last: { taken: ['a|b|0'], refused: ['hasNoCalls'] },
    });
  });

  test('keeps the time of its state when an event leads nowhere', () => {
    const world = worldAfter(
      started('session', 1),
      moved('session', 2, ['active.preparing']),
      {
        kind: 'event.ignored',
        at: 3,
        actor: 'session#1',
        event: 'cancel',
        states: ['active.preparing'],
        refused: [],
      },
      moved('session', 4, ['active.preparing']),
    );
    expect(world.actors.get('session#1')).toMatchObject({ since: 1, endedAt: null });
  });

  test('that a snapshot does not name any more has ended', () => {
    const world = worldAfter(
      started('session', 1),
      started('engine', 2),
      snapshotOf(9, [viewOf('engine', 2)]),
    );
    expect(world.actors.get('session#1')?.endedAt).toBe(9);
    expect(world.actors.get('engine#2')?.endedAt).toBeNull();
    expect(world.sessions.get('r1')?.endedAt).toBe(9);
  });

  test('is forgotten after many others have ended', () => {
    const events = Array.from({ length: 200 }, (_, index) => [
      started('session', index),
      stopped('session', index),
    ]).flat();
    const world = worldAfter(...events, started('session', 500));
    expect(world.actors.has('session#0')).toBe(false);
    expect(world.sessions.has('r0')).toBe(false);
    expect(world.actors.has('session#199')).toBe(true);
    expect(world.actors.has('session#500')).toBe(true);
    expect(world.actors.size).toBeLessThan(130);
  });
});

describe('a session', () => {
  test('has its phases one after the other', () => {
    const { sessions } = worldAfter(
      started('session', 1),
      moved('session', 10, ['active.generating.queued']),
      moved('session', 20, ['active.generating.prefilling']),
      moved('session', 30, ['active.generating.decoding.flowing']),
      moved('session', 40, ['active.callingTools.runningTool']),
      moved('session', 50, ['completed']),
      stopped('session', 1, 50),
    );
    expect(sessions.get('r1')?.spans.map(({ phase, from, to }) => [phase, from, to])).toEqual([
      ['preparing', 1, 10],
      ['queued', 10, 20],
      ['prefill', 20, 30],
      ['decode', 30, 40],
      ['tools', 40, 50],
      ['end', 50, 50],
    ]);
  });

  test('adds up the pieces of its messages, and keeps repairs', () => {
    const { sessions } = worldAfter(
      started('session', 1),
      message({ index: 0, source: 'prompt', phase: 'done', numTokens: 90 }),
      message({ index: 1, phase: 'started', channel: null }),
      message({ index: 1, phase: 'continued', channel: 'final', numTokens: 2, text: 'he', tokens: [1, 2] }),
      repaired('missing_start'),
      message({ index: 1, phase: 'done', channel: 'final', numTokens: 1, text: 'y', tokens: [3] }),
    );
    expect(sessions.get('r1')).toMatchObject({
      outputTokens: 3,
      repairs: [{ repair: 'missing_start' }],
      messages: [
        { source: 'prompt', numTokens: 90 },
        { channel: 'final', text: 'hey', tokens: [1, 2, 3], numTokens: 3 },
      ],
    });
  });
});

test('history is what has happened, and lost events are counted', () => {
  const world = worldAfter(
    { kind: 'history', at: 9, events: [started('session', 1), moved('session', 2, ['completed'])] },
    { kind: 'dropped', at: 10, count: 7 },
  );
  expect(world.actors.get('session#1')?.states).toEqual(['completed']);
  expect(world.numDropped).toBe(7);
});
