import { describe, expect, test } from '@jest/globals';
import { createActor, fromCallback, fromPromise } from 'xstate';
import { createFrontEndMachine, type FrontEndEvent } from '../../src/machines/front-end.js';

/** Actors whose work ends when a row says so. */
const start = () => {
  const log: string[] = [];
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
  const actor = createActor(
    createFrontEndMachine({ listen: step('listen'), accept, release: step('release') }),
  ).start();
  return { actor, log, pending };
};

type Step = FrontEndEvent['type'] | `${'listen' | 'release'} ${'done' | 'fails'}`;
const error = new Error('in use');

const rows: ReadonlyArray<readonly [steps: readonly Step[], state: string, log: string, failed: boolean]> = [
  [[], 'closed', '', false],
  [['close'], 'done', '', false],
  [['listener.failed'], 'closed', '', false],
  [['open'], 'listening', 'listen', false],
  [['open', 'open'], 'listening', 'listen', false],
  [['open', 'listener.failed'], 'listening', 'listen', false],
  [['open', 'close'], 'closing', 'listen release', false],
  [['open', 'close', 'listen done'], 'closing', 'listen release', false],
  [['open', 'listen fails'], 'closing', 'listen release', true],
  [['open', 'listen fails', 'release done'], 'done', 'listen release', true],
  [['open', 'listen done'], 'accepting', 'listen accept', false],
  [['open', 'listen done', 'open'], 'accepting', 'listen accept', false],
  [['open', 'listen done', 'close'], 'closing', 'listen accept accept stopped release', false],
  [['open', 'listen done', 'close', 'close'], 'closing', 'listen accept accept stopped release', false],
  [['open', 'listen done', 'listener.failed'], 'closing', 'listen accept accept stopped release', true],
  [['open', 'listen done', 'close', 'open'], 'closing', 'listen accept accept stopped release', false],
  [['open', 'listen done', 'close', 'release done'], 'done', 'listen accept accept stopped release', false],
  [['open', 'listen done', 'close', 'release fails'], 'done', 'listen accept accept stopped release', false],
];

describe('front end', () => {
  test.each(rows)('%j → %s', async (steps, state, log, failed) => {
    const run = start();
    for (const step of steps) {
      const [name = '', outcome] = step.split(' ');
      if (outcome === 'done') run.pending[name]?.resolve();
      else if (outcome === 'fails') run.pending[name]?.reject(error);
      else if (step === 'listener.failed') run.actor.send({ type: step, error });
      else run.actor.send({ type: step as 'open' | 'close' });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(run.actor.getSnapshot().value).toBe(state);
    expect(run.log.join(' ')).toBe(log);
    expect(run.actor.getSnapshot().context.error).toBe(failed ? error : null);
  });
});
