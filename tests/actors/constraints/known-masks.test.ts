import { describe, expect, jest, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKnownMasks, type KnownMasks } from '../../../src/actors/constraints/known-masks.js';
import { createMatcherFactory } from '../../../src/actors/constraints/matcher.js';
import { mayBreakUtf8 } from '../../../src/actors/constraints/utf8-tokens.js';
import { schemaToEbnf } from '../../../src/grammar/json-schema.js';
import { larkToEbnf } from '../../../src/grammar/lark-to-ebnf.js';
import { createTokenTree } from '../../../src/grammar/token-tree.js';
import { createTokenizer } from '../../../src/harmony/tokenizer.js';
import { loadO200k } from '../../harmony/o200k.js';

jest.setTimeout(60_000);

const o200k = loadO200k();
const tokenizer = createTokenizer(o200k);
const END = tokenizer.harmony.call;
const vocabulary = { ...o200k.tokens, vocabSize: tokenizer.texts.size, ends: [END] };

const createMasks = (): KnownMasks => {
  const known = createKnownMasks(vocabulary);
  known.lookIn(createTokenTree(vocabulary, mayBreakUtf8));
  return known;
};

const isAllowed = (mask: Uint32Array, token: number): boolean =>
  ((mask[token >> 5]! >>> (token & 31)) & 1) === 1;

describe('masks that need no matcher', () => {
  test.each([
    [
      'a schema',
      schemaToEbnf({
        type: 'object',
        properties: {
          age: { type: 'integer', minimum: -3, maximum: 150 },
          kind: { enum: ['a', 'größer', 'in short', null] },
          tags: { type: 'array', items: { type: 'boolean' } },
          note: { type: 'string' },
        },
        required: ['age', 'kind', 'tags'],
        additionalProperties: false,
      }),
      JSON.stringify({ age: -2, kind: 'größer', tags: [true, false], note: 'x\\ny' }, null, 2),
    ],
    [
      'a patch',
      larkToEbnf(readFileSync(join(process.cwd(), 'tests/fixtures/apply-patch.lark'), 'utf8')),
      '*** Begin Patch\n*** Update File: größe.md\n@@ a\n-b\n+c\n*** End of File\n*** End Patch\n',
    ],
  ])('are those that the matcher works out: %s', async (_, grammar, text) => {
    const followed = createMasks().follow(grammar, END);
    const matcher = await (await createMatcherFactory(vocabulary)).create(grammar, END);
    let numKnown = 0;
    for (const token of [...tokenizer.encode(text), END]) {
      const known = followed.mask();
      const worked = await matcher.mask();
      if (known !== undefined) {
        numKnown++;
        expect(Buffer.compare(Buffer.from(known.buffer), Buffer.from(worked.buffer))).toBe(0);
      }
      expect(isAllowed(worked, token)).toBe(true);
      if (token === END) break;
      followed.accept(token);
      expect(matcher.accept(token)).toBe(true);
    }
    expect(numKnown).toBeGreaterThan(10);
    matcher.close();
  });

  test('leave out a character of which the matcher does not know, piece by piece', () => {
    const followed = createMasks().follow(schemaToEbnf({ type: 'string', pattern: '^.*$' }), END);
    const tokenOf = (bytes: readonly number[]): number => {
      const found = Array.from({ length: o200k.tokens.offsets.length - 1 }, (_, token) => token).find(
        (token) => {
          const [first, behind] = [o200k.tokens.offsets[token]!, o200k.tokens.offsets[token + 1]!];
          return (
            behind - first === bytes.length &&
            bytes.every((byte, at) => o200k.tokens.bytes[first + at] === byte)
          );
        },
      );
      return found!;
    };
    const all = (): Uint32Array => new Uint32Array(Math.ceil(vocabulary.vocabSize / 32)).fill(0xffffffff);
    const [begun, separator, quote] = [[0xe2, 0x80], [0xa8], [0x9d]].map(tokenOf) as [number, number, number];
    followed.accept(tokenOf([...Buffer.from('"')]));
    let mask = all();
    followed.learn(mask);
    expect(isAllowed(mask, begun)).toBe(true);

    followed.accept(begun);
    mask = all();
    followed.learn(mask);
    expect([isAllowed(mask, separator), isAllowed(mask, quote)]).toEqual([false, true]);
  });
});
