import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { larkToEbnf, regexToGrammar } from '../../src/grammar/lark-to-ebnf.js';
import { draw, matches, seededRandom } from './match.js';

jest.setTimeout(60_000);

const APPLY_PATCH = readFileSync(join(process.cwd(), 'tests/fixtures/apply-patch.lark'), 'utf8');

const PATCH = `*** Begin Patch
*** Add File: a/new file.txt
+first
+
*** Update File: sum.py
*** Move to: total.py
@@ def add(a, b):
 def add(a, b):
-    return a - b
+    return a + b  # ünïcödé
*** End of File
*** Delete File: old.txt
*** End Patch
`;

describe('the Lark grammar of apply_patch', () => {
  const grammar = larkToEbnf(APPLY_PATCH);

  test('has patches', async () => {
    expect(await matches(grammar, PATCH)).toBe(true);
    expect(await matches(grammar, PATCH.trimEnd())).toBe(true);
  });

  test.each([
    ['a patch without hunks', '*** Begin Patch\n*** End Patch'],
    ['a patch that does not begin', PATCH.slice(1)],
    ['a line without its sign', PATCH.replace(' def add', 'def add')],
    ['JSON around it', JSON.stringify({ input: PATCH })],
    ['a patch that does not end', PATCH.slice(0, -6)],
  ])('does not have %s', async (_, text) => {
    expect(await matches(grammar, text)).toBe(false);
  });

  test('is what is drawn from it', async () => {
    const random = seededRandom(2);
    const text = await draw(grammar, random, 400);
    if (text !== null) expect(text).toMatch(/^\*\*\* Begin Patch\n\*\*\* [^]*\*\*\* End Patch\n?$/);
  });
});

describe('Lark grammars', () => {
  test.each<readonly [string, string, readonly string[], readonly string[]]>([
    ['choices and repeats', 'start: ("a" | "b"~2 | "c"~1..3) "."?', ['a', 'bb.', 'ccc'], ['b', 'cccc', '']],
    ['optional parts', 'start: ["x"] A+\nA: "1".."3"', ['x1', '123'], ['x', '4']],
    ['aliases, priorities, comments', '// c\nstart: x -> y\n | "z"\n!x.2: "q" // d', ['q', 'z'], ['qz']],
    ['strings without case', 'start: "Yes"i', ['yes', 'YES'], ['no']],
    ['patterns with flags', 'start: /a.b/s /[x-z]/i', ['a\nbX', 'a-by'], ['a\nbW']],
    ['slashes in patterns', 'start: /a\\/b/', ['a/b'], ['a\\/b']],
    [
      'the library',
      '%import common (INT, WS_INLINE)\n%import common.CNAME -> NAME\nstart: NAME WS_INLINE INT',
      ['ab_1  42'],
      ['1a 42', 'ab'],
    ],
    ['recursion', 'start: "(" start ")" | "x"', ['x', '((x))'], ['((x)']],
  ])('%s', async (_, definition, has, hasNot) => {
    const grammar = larkToEbnf(definition);
    for (const text of has) expect([text, await matches(grammar, text)]).toEqual([text, true]);
    for (const text of hasNot) expect([text, await matches(grammar, text)]).toEqual([text, false]);
  });

  test.each([
    ['%ignore', 'start: "a"\n%ignore " "', /%ignore/],
    ['templates', 'start: a{"x"}\na{x}: x', /cannot be read|template/],
    ['left recursion', 'start: start "a" | "b"', /begins with itself/],
    ['hidden left recursion', 'start: x? y\nx: "q"\ny: start | "a"', /begins with itself/],
    ['an undefined rule', 'start: nothing', /nothing is not defined/],
    ['no start', 'begin: "a"', /no rule start/],
    ['another library', '%import python.NAME\nstart: NAME', /%import python/],
    ['an unknown terminal', '%import common.NOPE\nstart: NOPE', /NOPE/],
    ['a rule twice', 'start: "a"\nstart: "b"', /defined twice/],
    ['word boundaries', 'start: /a\\b/', /\\b/],
    ['what is no Lark', 'start: "a" ;', /cannot be read/],
    ['depth', `start: ${'('.repeat(100)}"a"${')'.repeat(100)}`, /nested too deeply/],
    ['size', `start: ${'"a"~500 '.repeat(100)} /x{999}/`, /too large/],
  ])('are refused by name for %s', (_, definition, message) => {
    expect(() => larkToEbnf(definition)).toThrow(
      expect.objectContaining({ code: 'unsupported_option', message: expect.stringMatching(message) }),
    );
  });
});

test('a regular expression has to match the whole text', async () => {
  const grammar = regexToGrammar('^(?<year>\\d{4})-[01]\\d$');
  expect(await matches(grammar, '2026-11')).toBe(true);
  expect(await matches(grammar, '2026-11x')).toBe(false);
  expect(await matches(regexToGrammar('a|b'), 'ab')).toBe(false);
});
