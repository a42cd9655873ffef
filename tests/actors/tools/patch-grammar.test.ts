// What the model is held to has to be what the parser reads.

import { describe, expect, jest, test } from '@jest/globals';
import { parsePatch } from '../../../src/actors/tools/patch/parse-patch.js';
import { PATCH_GRAMMAR } from '../../../src/actors/tools/patch/patch-grammar.js';
import { larkToEbnf } from '../../../src/grammar/lark-to-ebnf.js';
import { draw, matches, seededRandom } from '../../grammar/match.js';

jest.setTimeout(60_000);

const PATCH = `*** Begin Patch
*** Add File: a/new file.txt
+first
+
*** Update File: sum.py
*** Move to: total.py
@@ class Sum:
@@ def add(a, b):
 kept
-    return a - b
+    return a + b  # ünïcödé
@@
-last
*** End of File
*** Update File: only-moved.txt
*** Move to: moved.txt
*** Delete File: old.txt
*** End Patch
`;

describe('the grammar of patches', () => {
  const grammar = larkToEbnf(PATCH_GRAMMAR);

  test.each([
    ['a patch', PATCH],
    ['one without the last line feed', PATCH.trimEnd()],
  ])('has %s, and the parser reads it', async (_, text) => {
    expect(await matches(grammar, text)).toBe(true);
    expect(parsePatch(text).map(({ kind }) => kind)).toEqual(['add', 'update', 'update', 'delete']);
  });

  test.each([
    ['a patch that changes nothing', '*** Begin Patch\n*** End Patch'],
    ['an update that changes nothing', '*** Begin Patch\n*** Update File: a\n*** End Patch'],
    ['a line without its sign', PATCH.replace('\n kept', '\nkept')],
    ['JSON around it', JSON.stringify({ input: PATCH })],
  ])('does not have %s', async (_, text) => {
    expect(await matches(grammar, text)).toBe(false);
  });

  test('has nothing that the parser does not read as a patch', async () => {
    const random = seededRandom(7);
    for (let count = 0; count < 5; count++) {
      const text = await draw(grammar, random, 300);
      if (text !== null) expect(() => parsePatch(text)).not.toThrow();
    }
  });
});
