import { describe, expect, test } from '@jest/globals';
import { createPlayer } from '../../src/inspect/player.js';
import type { RecordedEvent, WatchEvent } from '../../src/ipc/protocol.js';

const started = (at: number, actor: string): RecordedEvent => ({
  kind: 'actor.started',
  at,
  actor,
  parent: null,
  machine: 'session',
  requestId: null,
  states: ['queued'],
});
const moved = (at: number, actor: string, from: string, to: string): RecordedEvent => ({
  kind: 'actor.transition',
  at,
  actor,
  event: 'go',
  from: [from],
  to: [to],
  taken: [],
  refused: [],
});
const stateOf = (player: ReturnType<typeof createPlayer>, actor: string) =>
  player.model().actors.get(actor)?.states.join();

describe('a player', () => {
  test('follows the end, and shows the state at any place before it', () => {
    const player = createPlayer({ maxEvents: 100 });
    [started(1, 'a'), moved(2, 'a', 'queued', 'running'), moved(3, 'a', 'running', 'done')].forEach(
      player.push,
    );
    expect(stateOf(player, 'a')).toBe('done');
    player.seek(2);
    expect(stateOf(player, 'a')).toBe('running');
    expect(player.model().actors.get('a')).toMatchObject({ since: 2, transitions: 1 });
    player.seek(1);
    expect(stateOf(player, 'a')).toBe('queued');
    player.seek(99);
    expect(stateOf(player, 'a')).toBe('done');
  });

  test('stays where it was put while more comes', () => {
    const player = createPlayer({ maxEvents: 100 });
    player.push(started(1, 'a'));
    player.push(moved(2, 'a', 'queued', 'running'));
    player.seek(1);
    player.push(moved(3, 'a', 'running', 'done'));
    expect(stateOf(player, 'a')).toBe('queued');
    expect([player.position(), player.length()]).toEqual([1, 3]);
    player.seek(3);
    player.follow(false);
    player.push(moved(4, 'a', 'done', 'late'));
    expect(stateOf(player, 'a')).toBe('done');
  });

  test('goes back into history, which happened before the snapshot that it follows', () => {
    const player = createPlayer({ maxEvents: 100 });
    const snapshot = {
      kind: 'snapshot',
      at: 9,
      actors: [],
      content: false,
      faults: [],
    } as unknown as WatchEvent;
    player.push(snapshot);
    player.push({ kind: 'history', at: 9, events: [started(1, 'a'), moved(2, 'a', 'queued', 'running')] });
    expect(stateOf(player, 'a')).toBeUndefined();
    player.seek(2);
    expect(stateOf(player, 'a')).toBe('running');
  });

  test('forgets the oldest events and nothing that they led to', () => {
    const player = createPlayer({ maxEvents: 4 });
    player.push(started(0, 'first'));
    for (let at = 1; at <= 50; at++) player.push(moved(at, 'first', `s${at - 1}`, `s${at}`));
    expect(player.length()).toBeLessThanOrEqual(5);
    expect(stateOf(player, 'first')).toBe('s50');
    player.seek(0);
    const oldest = 50 - player.length();
    expect(stateOf(player, 'first')).toBe(`s${oldest}`);
    player.seek(1);
    expect(stateOf(player, 'first')).toBe(`s${oldest + 1}`);
  });
});
