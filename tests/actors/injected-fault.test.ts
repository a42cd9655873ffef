import { afterEach, describe, expect, test } from '@jest/globals';
import { NO_FAULT } from '../../src/actors/fault.js';
import type { Daemon } from '../../src/daemon.js';
import { ask, startTestDaemon, stopTestDaemon } from './test-daemon.js';

describe('a fault injected into a daemon that runs', () => {
  let daemon: Daemon | null = null;
  afterEach(async () => {
    if (daemon !== null) await stopTestDaemon(daemon);
    daemon = null;
  });

  test('strikes once, in any life of the engine, before and after a model is loaded', async () => {
    const running = (daemon = startTestDaemon({ fault: NO_FAULT }));
    expect(await ask(running, 'say one').ended).toMatchObject({ type: 'completed' });
    for (let life = 0; life < 2; life++) {
      await running.injectFault('exit@3');
      expect(await ask(running, 'say two').ended).toMatchObject({ error: { code: 'engine_exited' } });
      expect(await ask(running, 'say three').ended).toMatchObject({ type: 'completed' });
    }
    expect(running.status().engine.restarts).toBe(2);
  });

  test('waits for the model where none is loaded', async () => {
    const running = (daemon = startTestDaemon({ fault: NO_FAULT }));
    await running.injectFault('throw@2');
    expect(await ask(running, 'say one').ended).toMatchObject({ type: 'failed' });
  });

  test('is refused without the hook, and where it cannot be done', async () => {
    const plain = (daemon = startTestDaemon());
    await expect(plain.injectFault('exit')).rejects.toMatchObject({ code: 'access_denied' });
    await expect(plain.injectFault('start')).rejects.toMatchObject({ code: 'invalid_request' });
  });
});
