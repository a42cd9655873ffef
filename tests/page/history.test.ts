import { describe, expect, test } from '@jest/globals';
import { createHistory } from '../../src/page/model/history.js';
import { describeEvent, isStep, searchFor } from '../../src/page/model/search.js';
import { decodeRecording, encodeRecorded, RECORDING_VERSION } from '../../src/ipc/recording.js';
import { moved, repaired, snapshotOf, started, viewOf } from './events.js';

const states = (history: ReturnType<typeof createHistory>, number: number) =>
  history.worldAfter(number).actors.get('session#1')?.states.join();

describe('the history', () => {
  test('shows the world as it was after any event that is kept', () => {
    const history = createHistory(10_000);
    history.push(started('session', 1));
    for (let at = 1; at <= 1_000; at++) history.push(moved('session', at, [`s${at}`]));
    expect(states(history, 0)).toBe('active.preparing');
    expect(states(history, 1)).toBe('s1');
    expect(states(history, 256)).toBe('s256');
    expect(states(history, 777)).toBe('s777');
    expect(history.latest().actors.get('session#1')?.states).toEqual(['s1000']);
  });

  test('keeps a bounded number of events, and what was known before them', () => {
    const history = createHistory(1_000);
    history.push(started('session', 1));
    for (let at = 1; at <= 5_000; at++) history.push(moved('session', at, [`s${at}`]));
    expect(history.end() - history.first()).toBeLessThanOrEqual(1_024);
    expect(history.at(0)).toBeNull();
    expect(states(history, history.first())).toBe(`s${history.first()}`);
  });

  test('takes what happened before the stream event by event', () => {
    const history = createHistory(1_000);
    history.push({
      kind: 'history',
      at: 5,
      events: [started('session', 1), moved('session', 2, ['completed'])],
    });
    expect(history.end()).toBe(2);
    expect(states(history, 0)).toBe('active.preparing');
  });

  test('finds the steps before and after, of those that are searched for', () => {
    const history = createHistory(1_000);
    history.push(started('session', 1));
    history.push(moved('session', 2, ['completed']));
    history.push(snapshotOf(3, []));
    history.push(repaired('missing_start'));
    const find = (from: number, direction: 'back' | 'forward', query = '') =>
      history.find({
        from,
        direction,
        matches: (event) => isStep(event) && searchFor(query)(describeEvent(event)),
      });
    expect(find(4, 'back')).toBe(3);
    expect(find(3, 'back')).toBe(1);
    expect(find(3, 'back', 'started SESSION')).toBe(0);
    expect(find(0, 'forward', 'repaired')).toBe(3);
    expect(find(3, 'forward')).toBeNull();
  });

  test('is the same after it was saved and read again, though its beginning is no longer kept', () => {
    const history = createHistory(512);
    history.push(snapshotOf(0, [viewOf('engine', 2)]));
    history.push(started('session', 1));
    for (let at = 1; at <= 2_000; at++) history.push(moved('session', at, [`s${at}`]));
    const header = {
      type: 'codexpc.recording',
      recordingVersion: RECORDING_VERSION,
      createdAt: 0,
      daemon: { version: '0.0.0', pid: 1 },
      content: false,
      machines: [],
    } as const;
    const file = Buffer.concat([encodeRecorded(header), ...history.events().map(encodeRecorded)]);
    const read = createHistory(Infinity);
    for (const event of decodeRecording(file).events) read.push(event);
    const seen = ({ actors }: ReturnType<typeof read.latest>) =>
      [...actors.values()].map(({ actor, states, since, endedAt }) => ({ actor, states, since, endedAt }));
    expect(seen(read.latest())).toEqual(seen(history.latest()));
    expect(read.latest().at).toBe(history.latest().at);
  });
});
