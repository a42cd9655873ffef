import { describe, expect, jest, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { schemaToEbnf } from '../../src/grammar/json-schema.js';
import { draw, matches, seededRandom } from './match.js';

jest.setTimeout(60_000);

type Schema = Parameters<typeof schemaToEbnf>[0];
const object = (properties: Schema, more: Schema = {}): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
  ...more,
});

/** Schemas, with values that must be possible. */
const SCHEMAS: ReadonlyArray<readonly [name: string, schema: Schema, values: readonly unknown[]]> = [
  ['any value', {}, [null, 1.5, 'a', [], { a: [{}] }, true]],
  ['types', { type: ['string', 'null', 'integer'] }, ['x', null, -3]],
  ['properties in order', object({ a: { type: 'string' }, b: { type: 'integer' } }), [{ a: 'é"\\\n', b: 0 }]],
  [
    'optional properties',
    { ...object({ a: {}, b: { type: 'boolean' }, c: { type: 'null' } }), required: ['b'] },
    [{ b: true }, { a: 1, b: false }, { b: true, c: null }, { a: {}, b: true, c: null }],
  ],
  ['no property at all', object({}), [{}]],
  [
    'all properties optional',
    { ...object({ a: {}, b: {} }), required: [] },
    [{}, { a: 1 }, { b: 1 }, { a: 1, b: 1 }],
  ],
  ['a map', { type: 'object', additionalProperties: { type: 'integer' } }, [{}, { x: 1, y: 2 }]],
  [
    'properties and a map',
    {
      properties: { aa: { type: 'string' }, 'a"b': { type: 'string' } },
      additionalProperties: { type: 'integer' },
    },
    [{ aa: 's' }, { a: 1, b: 2 }, { aa: 's', aab: 3 }],
  ],
  ['what is required but not described', { type: 'object', required: ['x'] }, [{ x: [1] }]],
  [
    'a list',
    { type: 'array', items: { type: 'integer' }, minItems: 2, maxItems: 3 },
    [
      [1, 2],
      [1, 2, 3],
    ],
  ],
  [
    'a tuple',
    { prefixItems: [{ type: 'string' }, { type: 'integer' }], items: false, minItems: 2 },
    [['a', 1]],
  ],
  [
    'a tuple that goes on',
    { prefixItems: [{ type: 'string' }], items: { type: 'null' } },
    [['a'], ['a', null]],
  ],
  ['no items', { type: 'array', maxItems: 0 }, [[]]],
  ['constants', { enum: ['a', 1, null, { b: [true] }] }, ['a', 1, null, { b: [true] }]],
  ['one constant', { const: { a: 'x y' } }, [{ a: 'x y' }]],
  ['lengths', { type: 'string', minLength: 2, maxLength: 4 }, ['ab', '漢字💖"']],
  ['a pattern', { type: 'string', pattern: '^[a-c]+-\\d{2}$' }, ['abc-12']],
  ['patterns to choose from', { type: 'string', pattern: '^(?:a|b)?$|^[^a-z\\s]$' }, ['', 'a', 'A', '"']],
  ['a line', { type: 'string', pattern: '^.*$' }, ['', 'größer “so”', 'tab\t']],
  ['no spaces', { type: 'string', pattern: '^\\S+$' }, ['größer', '“’‘”']],
  ['all but some letters', { type: 'string', pattern: '^[^éü]$' }, ['a', 'è', '漢']],
  ['an integer between limits', { type: 'integer', minimum: -12, maximum: 105 }, [-12, 0, 7, 99, 105]],
  ['an integer above', { type: 'integer', exclusiveMinimum: 9 }, [10, 99, 123456]],
  ['an integer below', { type: 'integer', maximum: -5 }, [-5, -17]],
  ['a number between limits', { type: 'number', minimum: 0, exclusiveMaximum: 2 }, [0, 1, 0.5, 1.25]],
  ['a negative number', { type: 'number', minimum: -2, maximum: -1 }, [-2, -1, -1.5]],
  [
    'a reference',
    { $defs: { n: { type: 'integer' } }, type: 'array', items: { $ref: '#/$defs/n' } },
    [[1, 2]],
  ],
  [
    'a list by recursion',
    {
      $defs: {
        node: object({
          v: { type: 'integer' },
          next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] },
        }),
      },
      $ref: '#/$defs/node',
    },
    [{ v: 1, next: { v: 2, next: null } }],
  ],
  ['the schema within itself', { type: 'array', items: { $ref: '#' } }, [[], [[], [[]]]]],
  ['one of several', { anyOf: [{ type: 'string' }, { type: 'integer' }] }, ['a', 1]],
  [
    'exactly one of several, by their constants',
    {
      oneOf: [
        object({ kind: { const: 'a' }, x: { type: 'integer' } }),
        object({ kind: { const: 'b' }, x: { type: 'string' } }),
      ],
    },
    [
      { kind: 'a', x: 1 },
      { kind: 'b', x: 's' },
    ],
  ],
  ['exactly one of several types', { oneOf: [{ type: 'string' }, { type: 'array', items: {} }] }, ['a', [1]]],
  ['all of one', { allOf: [{ type: 'string', maxLength: 2 }] }, ['ab']],
  ['names that objects have of themselves', object({ constructor: { type: 'integer' }, __proto__x: {} }), []],
  ['what is only said', { type: 'string', title: 't', format: 'date', default: 1, 'x-note': [] }, ['any']],
];

describe('the grammar of a schema', () => {
  test.each(SCHEMAS)('%s: every text it has is valid', async (_, schema, values) => {
    const grammar = schemaToEbnf(schema);
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    for (const value of values) {
      expect([value, await matches(grammar, JSON.stringify(value))]).toEqual([value, true]);
      expect(validate(value)).toBe(true);
    }
    const random = seededRandom(1);
    let numEnded = 0;
    for (let run = 0; run < 25; run++) {
      const text = await draw(grammar, random);
      if (text === null) continue;
      numEnded++;
      expect([text, validate(JSON.parse(text))]).toEqual([text, true]);
    }
    expect(numEnded).toBeGreaterThan(12);
  });

  test.each([
    ['a missing property', object({ a: {} }), '{}'],
    ['an unknown property', object({ a: {} }), '{"a":1,"b":2}'],
    [
      'a second value of a known key',
      { properties: { a: { type: 'string' } }, additionalProperties: {} },
      '{"a":"s","a":1}',
    ],
    ['half a surrogate pair', { type: 'string' }, '"\\ud800"'],
    ['a control character', { type: 'string' }, '"\t"'],
    ['a number with leading zeros', { type: 'integer' }, '01'],
    ['a line separator in a line', { type: 'string', pattern: '^.*$' }, '"a\u2028b"'],
    ['a space among none', { type: 'string', pattern: '^\\S*$' }, '"a\u00a0b"'],
    ['a letter that is left out', { type: 'string', pattern: '^[^é]*$' }, '"aé"'],
    ['text behind the value', { type: 'integer' }, '1 x'],
  ] as const)('has no place for %s', async (_, schema, text) => {
    expect(await matches(schemaToEbnf(schema), text)).toBe(false);
  });

  test('a pattern may match anywhere', async () => {
    const grammar = schemaToEbnf({ type: 'string', pattern: 'x"y' });
    for (const text of ['x"y', 'ax"yé', '"x"y"'])
      expect(await matches(grammar, JSON.stringify(text))).toBe(true);
    expect(await matches(grammar, '"xy"')).toBe(false);
  });

  test('may be pretty-printed', async () => {
    const grammar = schemaToEbnf(object({ a: { type: 'array', items: { type: 'integer' } }, b: {} }));
    expect(await matches(grammar, JSON.stringify({ a: [1, 2], b: { c: 'd' } }, null, 2))).toBe(true);
  });

  const deep = (depth: number): Schema => (depth === 0 ? {} : { type: 'array', items: deep(depth - 1) });
  test.each<readonly [string, Schema, RegExp]>([
    ['not', { not: {} }, /keyword not /],
    ['uniqueItems', { type: 'array', uniqueItems: true }, /uniqueItems/],
    ['multipleOf, deep within', object({ a: { items: { multipleOf: 3 } } }), /multipleOf/],
    ['patternProperties', { patternProperties: { '^x': {} } }, /patternProperties/],
    ['several allOf', { allOf: [{ type: 'string' }, { maxLength: 1 }] }, /allOf/],
    ['oneOf that may overlap', { oneOf: [{ type: 'number' }, { type: 'integer' }] }, /oneOf/],
    ['keywords beside $ref', { $defs: { a: {} }, $ref: '#/$defs/a', minLength: 1 }, /minLength beside \$ref/],
    [
      'a reference to elsewhere',
      { $ref: 'https://example.org/schema' },
      /only references into the schema itself/,
    ],
    ['a reference to nothing', { $ref: '#/$defs/none' }, /leads nowhere/],
    ['a reference to itself', { $defs: { a: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }, /leads to itself/],
    [
      'a cycle of references',
      { $defs: { a: { anyOf: [{ $ref: '#' }, {}] } }, $ref: '#/$defs/a' },
      /leads to itself/,
    ],
    ['the schema false', { type: 'array', items: {}, prefixItems: [false] }, /false/],
    ['an unknown type', { type: 'strin' }, /the type "strin"/],
    ['look-ahead', { type: 'string', pattern: '(?=a)b' }, /\(\?=…\)/],
    ['a back-reference', { type: 'string', pattern: '(a)\\1' }, /\\1/],
    ['a pattern that never ends', { type: 'string', pattern: '((a{1,999}){1,999}){1,999}' }, /too large/],
    ['a length beyond reason', { type: 'string', maxLength: 1e9 }, /too large/],
    ['too many items', { type: 'array', items: { type: 'string' }, minItems: 1e6 }, /too large/],
    [
      'thousands of properties',
      object(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`p${i}`, {}]))),
      /too large/,
    ],
    ['depth', deep(500), /nested too deeply/],
    ['limits without a number between', { type: 'integer', minimum: 3, maximum: 2 }, /no number/],
    ['wrong limits', { type: 'string', minLength: -1 }, /minLength/],
  ])('is refused by name for %s', (_, schema, message) => {
    expect(() => schemaToEbnf(schema)).toThrow(
      expect.objectContaining({ code: 'unsupported_option', message: expect.stringMatching(message) }),
    );
  });
});
