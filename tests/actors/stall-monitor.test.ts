import { setImmediate, setTimeout } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createStallMonitor } from '../../src/actors/stall-monitor.js';

const block = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

/** Long enough for several samples. */
const samples = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await setTimeout(10);
};

describe('the stall monitor', () => {
  it('reports how long the loop was blocked', async () => {
    const monitor = createStallMonitor();
    const end = monitor.watch();
    await samples();
    block(300);
    await samples();
    end();
    expect(monitor.report().stallMaxMs).toBeGreaterThan(250);
    monitor.close();
  });

  it('leaves out the time in which nobody watched', async () => {
    const monitor = createStallMonitor();
    for (let period = 0; period < 2; period += 1) {
      const end = monitor.watch();
      await samples();
      end();
      block(2_000);
      await setImmediate();
    }
    expect(monitor.report().stallMaxMs).toBeLessThan(1_500);
    monitor.close();
  });
});
