import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { jsonProblem, MAX_JSON_DEPTH, MAX_JSON_VALUES, parseJson } from '../../../src/ipc/http/json-guard.js';

const problemOf = (text: string): string | null => jsonProblem(new TextEncoder().encode(text));
const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('a JSON body', () => {
  test('of ordinary size is let through', () =>
    fc.assert(fc.property(fc.json({ maxDepth: 8 }), (text) => problemOf(text) === null)));

  test('may nest so deep and no deeper', () => {
    expect(problemOf(nested(MAX_JSON_DEPTH))).toBeNull();
    expect(problemOf(nested(MAX_JSON_DEPTH + 1))).toMatch(/deeper/);
    expect(problemOf('{"a":'.repeat(MAX_JSON_DEPTH + 1))).toMatch(/deeper/);
  });

  test('may hold so many values and no more', () => {
    expect(problemOf(`[${'0,'.repeat(MAX_JSON_VALUES)}0]`)).toMatch(/more than/);
    expect(problemOf(`[${'{},'.repeat(MAX_JSON_VALUES / 2)}{}]`)).toMatch(/more than/);
  });

  test('may have in its strings what it likes', () => {
    expect(
      problemOf(JSON.stringify({ a: '['.repeat(1000), b: '\\"[[,,', c: ','.repeat(MAX_JSON_VALUES) })),
    ).toBeNull();
  });

  test('that ends within a string is left to the parser', () => {
    expect(problemOf('{"a":"\\')).toBeNull();
  });

  test.each([
    '{"__proto__":{"a":1},"b":2}',
    '{"\\u005f_proto__":{"a":1},"b":2}',
    '{"\\u005F\\u005fproto__":1,"b":2}',
  ])('cannot bring a prototype: %s', (text) => {
    const value = parseJson(text) as object;
    expect(Object.keys(value)).toEqual(['b']);
    expect(Object.assign({}, value)).toEqual({ b: 2 });
  });
});
