import { describe, expect, test } from '@jest/globals';
import { engineGivenUp, queueFull } from '../../src/actors/engine-errors.js';
import { toApiError } from '../../src/ipc/http/api-error.js';

describe('what a client over HTTP is told to wait', () => {
  test('is the time for which a failed engine is left alone', () => {
    const { status, headers } = toApiError(engineGivenUp(null, 90_000));
    expect([status, headers['retry-after']]).toEqual([503, '90']);
  });

  test('is the time that the queue takes', () => {
    const { status, headers } = toApiError(queueFull(8, 8, 4_200));
    expect([status, headers['retry-after']]).toEqual([503, '5']);
  });
});
