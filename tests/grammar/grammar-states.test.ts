import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createGrammarStates, type GrammarState, LOST } from '../../src/grammar/grammar-states.js';
import { schemaToEbnf } from '../../src/grammar/json-schema.js';
import { larkToEbnf, regexToGrammar } from '../../src/grammar/lark-to-ebnf.js';
import { readEbnf } from '../../src/grammar/read-ebnf.js';
import { drawSteps, seededRandom } from './match.js';

const PATCH = larkToEbnf(readFileSync(join(process.cwd(), 'tests/fixtures/apply-patch.lark'), 'utf8'));
const RECURSIVE = {
  $defs: {
    tree: {
      type: 'object',
      properties: {
        name: { type: 'string', maxLength: 3 },
        children: { type: 'array', items: { $ref: '#/$defs/tree' }, maxItems: 2 },
      },
      required: ['name', 'children'],
      additionalProperties: false,
    },
  },
  $ref: '#/$defs/tree',
};
const PERSON = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    kind: { enum: ['a', 'größer', 'ab'] },
    rest: { type: ['object', 'null'] },
  },
  required: ['name', 'kind'],
  additionalProperties: false,
};

const startOf = (grammar: string): GrammarState => createGrammarStates(readEbnf(grammar), 'root').start;

const follow = (from: GrammarState | null, text: string): GrammarState | null =>
  [...Buffer.from(text)].reduce<GrammarState | null>((state, byte) => state?.after(byte) ?? null, from);

describe('the states of a grammar', () => {
  test.each([
    ['a patch', PATCH],
    ['a schema', schemaToEbnf(PERSON)],
    ['a schema that holds itself', schemaToEbnf(RECURSIVE)],
    ['any JSON', schemaToEbnf({})],
    ['a pattern', regexToGrammar('(ab|a[^x]{1,3}|é*)+z?')],
  ])('go on in the same ways wherever they come up: %s', async (_, grammar) => {
    const start = startOf(grammar);
    const following = new Map<GrammarState, string>();
    let numRecurring = 0;
    for (let seed = 0; seed < 12; seed++) {
      let state: GrammarState | null = start;
      for await (const { bytes, allowed, isEnd } of drawSteps(grammar, seededRandom(seed), 150)) {
        if (isEnd) break;
        for (const byte of bytes) state = state?.after(byte) ?? null;
        expect([null, LOST]).not.toContain(state);
        const before = following.get(state!);
        if (before !== undefined) numRecurring++;
        expect(before ?? allowed).toBe(allowed);
        following.set(state!, allowed);
      }
    }
    expect(numRecurring).toBeGreaterThan(20);
  });

  test('are the same throughout the text of a string', () => {
    const inString = follow(startOf(schemaToEbnf(PERSON)), '{"name": "');
    expect(inString).not.toBeNull();
    expect(follow(inString, 'Ada ')).toBe(inString);
    expect(follow(inString, 'größer \\n 💖')).toBe(inString);
    expect(follow(inString, '\\')).not.toBe(inString);
    expect(follow(inString, '"')).not.toBe(inString);
  });

  test('are none where the text is not the grammar’s', () => {
    const start = startOf(schemaToEbnf(PERSON));
    expect(follow(start, '{"age"')).toBeNull();
    expect(follow(start, '{"name": "\n')).toBeNull();
  });

  test('are given up where too much could follow', () => {
    const words = Array.from({ length: 400 }, (_, i) => `word ${i}`);
    expect(startOf(schemaToEbnf({ enum: words }))).toBe(LOST);
  });

  test('stay right when many have been forgotten', () => {
    const start = startOf(schemaToEbnf({ type: 'array', items: { type: 'string', maxLength: 300 } }));
    const late = follow(start, `["${'a'.repeat(290)}`);
    // 300 states for the characters, some more within escapes: each new depth of text has its own.
    for (let i = 0; i < 300; i++) follow(start, `["${'a'.repeat(i)}${'\\u0061é\\n'}`);
    expect(follow(late, `${'b'.repeat(10)}"]`)).not.toBeNull();
    expect(follow(late, 'b'.repeat(11))).toBeNull();
  });
});
