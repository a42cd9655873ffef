import { describe, expect, test } from '@jest/globals';
import { createServiceNotifier } from '../../src/actors/service-notifier.js';
import { ManualTimers } from '../fixtures/front-end-harness.js';

const start = (env: Record<string, string>, { fails = false } = {}) => {
  const sent: string[] = [];
  const timers = new ManualTimers();
  const state = { healthy: true };
  const notifyService = (address: string, text: string): boolean => {
    if (fails) throw new Error('ENOBUFS');
    return sent.push(`${address} ${text}`) > 0;
  };
  const notifier = createServiceNotifier({
    calls: { notifyService },
    env,
    pid: 7,
    timers,
    isHealthy: () => state.healthy,
  });
  return { notifier, sent, timers, state };
};
const watched = { NOTIFY_SOCKET: '/n', WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' };

describe('service notifier', () => {
  test('does nothing where no service manager listens', () => {
    const { notifier, sent, timers } = start({ WATCHDOG_USEC: '30000000' });
    notifier.ready();
    notifier.stopping();
    expect({ sent, pending: timers.numPending }).toEqual({ sent: [], pending: 0 });
  });

  test('beats at half the limit, from ready on, and only while healthy', () => {
    const { notifier, sent, timers, state } = start(watched);
    timers.advance(60_000);
    expect(sent).toEqual([]);
    notifier.ready();
    timers.advance(14_999);
    expect(sent).toEqual(['/n READY=1', '/n WATCHDOG=1']);
    timers.advance(1);
    expect(sent).toHaveLength(3);
    state.healthy = false;
    for (let i = 0; i < 4; i++) timers.advance(15_000);
    expect(sent).toHaveLength(3);
    state.healthy = true;
    timers.advance(15_000);
    expect(sent).toHaveLength(4);
    notifier.dispose();
    notifier.dispose();
    timers.advance(60_000);
    expect({ beats: sent.length, pending: timers.numPending }).toEqual({ beats: 4, pending: 0 });
  });

  test('leaves a watchdog alone that is meant for another process, or is none', () => {
    for (const change of [{ WATCHDOG_PID: '8' }, { WATCHDOG_USEC: '0' }, { WATCHDOG_USEC: 'soon' }]) {
      const { notifier, sent, timers } = start({ ...watched, ...change });
      notifier.ready();
      expect({ sent, pending: timers.numPending }).toEqual({ sent: ['/n READY=1'], pending: 0 });
    }
  });

  test('a manager that cannot be reached harms nothing', () => {
    const { notifier, timers } = start(watched, { fails: true });
    notifier.ready();
    notifier.status('two\nlines');
    expect(timers.numPending).toBe(1);
    notifier.dispose();
  });

  test('a status is one line', () => {
    const { notifier, sent } = start(watched);
    notifier.status('two\nlines');
    expect(sent).toEqual(['/n STATUS=two lines']);
  });
});
