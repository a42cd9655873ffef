import { describe, expect, test } from '@jest/globals';
import { addSuspects, numCrashesOf, type Suspects } from '../../src/machines/quarantine.js';

describe('quarantine', () => {
  test('counts crashes by request', () => {
    const suspects = addSuspects(addSuspects([], ['a', 'b']), ['a']);
    expect(['a', 'b', 'c'].map((name) => numCrashesOf(suspects, name))).toEqual([2, 1, 0]);
  });

  test('forgets the oldest when there are too many', () => {
    let suspects: Suspects = [];
    for (let i = 0; i < 300; i++) suspects = addSuspects(suspects, [`request ${i}`, 'repeated']);
    expect(suspects).toHaveLength(256);
    expect(numCrashesOf(suspects, 'request 0')).toBe(0);
    expect(numCrashesOf(suspects, 'repeated')).toBe(300);
  });
});
