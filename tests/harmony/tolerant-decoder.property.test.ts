// Whatever tokens come: the tolerant decoder does not throw, delivers what it keeps, and lets no marker
// through. Seeds are the official parser's vectors, which hold the malformations seen in practice.

import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import { runDecoder, type DecoderRun } from './decoder-run.js';
import { loadO200k } from './o200k.js';
import { parseCases } from './vectors.js';

const tokenizer = createTokenizer(loadO200k());
const TOOLS = ['functions.f', 'functions.shell', 'functions.get_weather', 'browser.search', 'python'];
/** A million sequences in all: CODEXPC_PROPERTY_RUNS=333334. */
const NUM_RUNS = Number(process.env['CODEXPC_PROPERTY_RUNS'] ?? 1500);

const WORDS = [
  'assistant',
  'analysis',
  'final',
  'commentary',
  ' to',
  '=',
  ' to=functions.f',
  ' to=assistant',
  'functions',
  '.f',
  'f',
  'json',
  ' code',
  'user',
  'tool',
  ':',
  'Hello',
  ' there',
  '\n',
  ' ',
  '{"a":1}',
  '{',
  '}',
  '💖',
  '??',
  ' I must refuse to do this.',
  ' <',
  '|',
  '>',
];

const marker = fc.constantFrom(...Object.values(tokenizer.harmony)).map((id) => [id]);
const word = fc.constantFrom(...WORDS).map((text) => tokenizer.encode(text));
const partOfWord = word.map((ids) => ids.slice(0, 1));
const odd = fc
  .constantFrom(199998, 199999, 200000, 201088, 201089, 300000, -1, 1.5, NaN, 2 ** 32, 128, 240, 4000)
  .map((id) => [id]);
const fragment = fc.oneof(
  { weight: 9, arbitrary: marker },
  { weight: 7, arbitrary: word },
  { weight: 3, arbitrary: partOfWord },
  { weight: 1, arbitrary: odd },
);

/** Text tokens that together spell a marker are text; they would make every check for markers moot. */
const spellsMarker = (tokens: readonly number[]): boolean =>
  tokenizer.decode(tokens.filter((id) => Number.isInteger(id) && id >= 0 && id < 199998)).includes('<|');

const seeds = parseCases().filter(({ tokens }) => !spellsMarker(tokens));
const randomSequence = fc.array(fragment, { maxLength: 25 }).map((fragments) => fragments.flat());
const mutatedSequence = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom('delete', 'insert', 'replace'), fragment), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([{ tokens }, mutations]) => {
    const mutated = [...tokens];
    for (const [position, kind, replacement] of mutations) {
      const at = position % (mutated.length + 1);
      mutated.splice(at, kind === 'insert' ? 0 : 1, ...(kind === 'delete' ? [] : replacement));
    }
    return mutated;
  });
const sequence = fc.oneof(randomSequence, mutatedSequence).filter((tokens) => !spellsMarker(tokens));
const role = fc.constantFrom('assistant' as const, 'assistant' as const, 'user' as const, null);

const run = (tokens: readonly number[], ofRole: 'assistant' | 'user' | null): DecoderRun =>
  runDecoder(tokens, {
    tokenizer,
    role: ofRole,
    tools: TOOLS,
    include: { reasoning: true, preambles: true, toolArguments: true },
  });

jest.setTimeout(Math.max(60_000, 20 * NUM_RUNS));

describe('tolerant decoding of any tokens', () => {
  test('lets no marker into content, names or arguments', () => {
    fc.assert(
      fc.property(sequence, role, (tokens, ofRole) => {
        const { events, messages } = run(tokens, ofRole);
        const texts = messages.map(({ role: author, name, recipient, channel, content }) => [
          author,
          name,
          recipient,
          channel,
          content,
        ]);
        expect(JSON.stringify([texts, events])).not.toContain('<|');
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test('streams exactly the text of the items it completes', () => {
    fc.assert(
      fc.property(sequence, role, (tokens, ofRole) => {
        const { events } = run(tokens, ofRole);
        const streamed: string[] = [];
        const completed: string[] = [];
        for (const event of events) {
          if (event.type === 'output_item.done')
            completed[event.itemIndex] =
              event.item.type === 'tool_call' ? event.item.arguments : event.item.text;
          else if (event.type !== 'repaired')
            streamed[event.itemIndex] = (streamed[event.itemIndex] ?? '') + event.delta;
        }
        expect(completed.map((_, i) => streamed[i] ?? '')).toEqual(completed);
        expect(streamed.length).toBeLessThanOrEqual(completed.length);
      }),
      { numRuns: NUM_RUNS },
    );
  });

  test('accounts for every token', () => {
    fc.assert(
      fc.property(sequence, role, (tokens, ofRole) => {
        const { total, ...parts } = run(tokens, ofRole).decoder.usage;
        expect(total).toBe(tokens.length);
        expect(Object.values(parts).reduce((sum, count) => sum + count)).toBe(total);
      }),
      { numRuns: NUM_RUNS / 3 },
    );
  });

  test('never loses a message that is followed by garbage', () => {
    const wellFormed = seeds.filter(
      ({ tokens, expect: { messages } }) =>
        messages !== undefined &&
        tokens.at(-1) !== undefined &&
        [200002, 200007, 200012].includes(tokens.at(-1)!),
    );
    fc.assert(
      fc.property(fc.constantFrom(...wellFormed), randomSequence, ({ tokens, role: ofRole }, garbage) => {
        const alone = run(tokens, ofRole).messages;
        expect(run([...tokens, ...garbage], ofRole).messages.slice(0, alone.length)).toEqual(alone);
      }),
      { numRuns: NUM_RUNS / 3 },
    );
  });

  test('never shows what stands in a well-formed analysis message', () => {
    const secret = tokenizer.encode(' secret thought');
    const analysis = [
      tokenizer.harmony.channel,
      ...tokenizer.encode('analysis'),
      tokenizer.harmony.message,
      ...secret,
      tokenizer.harmony.end,
    ];
    fc.assert(
      fc.property(randomSequence, (rest) => {
        expect(run([...analysis, ...rest], 'assistant').answer).not.toContain('secret');
      }),
      { numRuns: NUM_RUNS / 3 },
    );
  });
});
