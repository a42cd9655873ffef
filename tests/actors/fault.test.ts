import { describe, expect, test } from '@jest/globals';
import { FAULT_KINDS, parseFault } from '../../src/actors/fault.js';

describe('parseFault', () => {
  test.each([
    ['exit', { kind: 'exit', atToken: 1, lives: 1 }],
    ['nan@7', { kind: 'nan', atToken: 7, lives: 1 }],
    ['hang@3x2', { kind: 'hang', atToken: 3, lives: 2 }],
    ['startx4', { kind: 'start', atToken: 1, lives: 4 }],
  ])('reads %s', (text, expected) => {
    expect(parseFault(text)).toEqual(expected);
  });

  test.each(['', 'explode', 'exit@', 'exit@-1', 'exit x2'])('refuses %j and lists the kinds', (text) => {
    expect(() => parseFault(text)).toThrow(FAULT_KINDS.join(', '));
  });
});
