import { describe, expect, test } from '@jest/globals';
import { checkpointPlaces, leastUseful } from '../../src/actors/checkpoint-places.js';

const MARKS = { base: 700, own: 900, turn: 900, messages: [40, 700, 730, 820, 900] };

describe('checkpointPlaces', () => {
  test('base, turn and the end of the last message, wherever they fall in what was fed', () => {
    expect(checkpointPlaces(MARKS, { from: 640, to: 768 }, [])).toEqual([700]);
    expect(checkpointPlaces(MARKS, { from: 768, to: 902 }, [700])).toEqual([820, 900]);
    expect(checkpointPlaces(MARKS, { from: 700, to: 702 }, [700])).toEqual([]);
  });

  test('ends of other messages when they are apart', () => {
    const messages = [100, 120, 180, 300];
    const marks = { base: 0, own: 300, turn: 300, messages };
    expect(checkpointPlaces(marks, { from: 0, to: 302 }, [])).toEqual([100, 180, 300]);
  });
});

describe('leastUseful', () => {
  test('gives up what is nearest to the one before it', () => {
    expect(leastUseful([1000, 2000, 2100, 4000], [])).toBe(2100);
  });

  test('but none that is kept, and not the last', () => {
    expect(leastUseful([1000, 2000, 2100, 2110], [2100])).toBe(1000);
    expect(leastUseful([1000, 2000], [1000])).toBeNull();
  });
});
