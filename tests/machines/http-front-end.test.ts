import { describe, expect, test } from '@jest/globals';
import { createActor, fromCallback, fromPromise, SimulatedClock } from 'xstate';
import { createHttpFrontEndMachine, type HttpFrontEndEvent } from '../../src/machines/http-front-end.js';

const RETRY_MS = 1000;
const error = new Error('in use');

/** Actors whose work ends when a row says so. */
const start = () => {
  const log: string[] = [];
  const clock = new SimulatedClock();
  const pending: Record<string, { resolve(): void; reject(error: Error): void }> = {};
  const step = (name: string) =>
    fromPromise<void>(() => {
      log.push(name);
      return new Promise((resolve, reject) => {
        pending[name] = { resolve, reject };
      });
    });
  const accept = fromCallback(() => {
    log.push('accept');
    return () => void log.push('accept stopped');
  });
  const machine = createHttpFrontEndMachine({ listen: step('listen'), accept, release: step('release') });
  const actor = createActor(machine, { clock, input: { retryMs: RETRY_MS } }).start();
  return { actor, clock, log, pending };
};

type Step = HttpFrontEndEvent['type'] | `${'listen' | 'release'} ${'done' | 'fails'}` | 'time passes';

const rows: ReadonlyArray<readonly [steps: readonly Step[], state: string, log: string, failed: boolean]> = [
  [[], 'closed', '', false],
  [['close'], 'done', '', false],
  [['listener.failed'], 'closed', '', false],
  [['open'], 'listening', 'listen', false],
  [['open', 'open'], 'listening', 'listen', false],
  [['open', 'listener.failed'], 'listening', 'listen', false],
  [['open', 'close'], 'closing', 'listen release', false],
  [['open', 'listen done'], 'accepting', 'listen accept', false],
  [['open', 'listen done', 'open'], 'accepting', 'listen accept', false],
  [['open', 'listen done', 'close'], 'closing', 'listen accept accept stopped release', false],
  [['open', 'listen fails'], 'waiting', 'listen', true],
  [['open', 'listen fails', 'open'], 'waiting', 'listen', true],
  [['open', 'listen fails', 'listener.failed'], 'waiting', 'listen', true],
  [['open', 'listen fails', 'close'], 'closing', 'listen release', true],
  [['open', 'listen fails', 'time passes'], 'listening', 'listen listen', true],
  [['open', 'listen fails', 'time passes', 'listen done'], 'accepting', 'listen listen accept', false],
  [['open', 'listen done', 'listener.failed'], 'releasing', 'listen accept accept stopped release', true],
  [
    ['open', 'listen done', 'listener.failed', 'close'],
    'closing',
    'listen accept accept stopped release release',
    true,
  ],
  [
    ['open', 'listen done', 'listener.failed', 'release done'],
    'waiting',
    'listen accept accept stopped release',
    true,
  ],
  [
    ['open', 'listen done', 'listener.failed', 'release fails'],
    'waiting',
    'listen accept accept stopped release',
    true,
  ],
  [['open', 'close', 'release done'], 'done', 'listen release', false],
  [['open', 'close', 'release fails'], 'done', 'listen release', false],
];

describe('the HTTP front end machine', () => {
  test.each(rows)('%j → %s', async (steps, state, log, failed) => {
    const running = start();
    for (const step of steps) {
      const [name = '', outcome] = step.split(' ');
      if (step === 'time passes') running.clock.increment(RETRY_MS);
      else if (outcome === 'done') running.pending[name]!.resolve();
      else if (outcome === 'fails') running.pending[name]!.reject(error);
      else if (step === 'listener.failed') running.actor.send({ type: step, error });
      else running.actor.send({ type: step as 'open' | 'close' });
      await Promise.resolve();
      await Promise.resolve();
    }
    const snapshot = running.actor.getSnapshot();
    expect(snapshot.value).toBe(state);
    expect(running.log.join(' ')).toBe(log);
    expect(snapshot.context.error).toBe(failed ? error : null);
  });
});
