import { afterEach, describe, expect, test } from '@jest/globals';
import type { Daemon } from '../../src/daemon.js';
import { ask, startTestDaemon, stopTestDaemon, type TestDaemonOptions } from './test-daemon.js';

describe('daemon', () => {
  let daemon: Daemon;
  afterEach(() => stopTestDaemon(daemon));

  const start = (options?: TestDaemonOptions): Daemon => (daemon = startTestDaemon(options));

  test('answers a prompt through supervisor, worker, scheduler, decoder and sink', async () => {
    const answer = ask(start(), 'say Hello, you!');
    const end = await answer.ended;
    expect(answer.text()).toBe('Hello, you!');
    expect(end).toMatchObject({ type: 'completed', finishReason: 'stop' });
    expect(answer.events.map(({ sequence }) => sequence)).toEqual(answer.events.map((_, index) => index));
  });
});
