import { describe, expect, test } from '@jest/globals';
import { encodeMarkup } from '../../src/harmony/encode-markup.js';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import { createTurnPlan, type TurnPlanOptions } from '../../src/harmony/turn-plan.js';
import { createTurnWalk, type Expected } from '../../src/harmony/turn-walk.js';
import { loadO200k, truncate } from './o200k.js';
import { runDecoder } from './decoder-run.js';

const tokenizer = createTokenizer(truncate(loadO200k(), 8192));
const TOOLS = [
  { name: 'exec', isFreeform: false, grammar: 0 },
  { name: 'apply_patch', isFreeform: true, grammar: 1 },
  { name: 'look', isFreeform: false, grammar: null },
];

const walk = (options: Partial<TurnPlanOptions> = {}) =>
  createTurnWalk(
    createTurnPlan({
      tokenizer,
      tools: TOOLS,
      builtins: [],
      mustCall: false,
      finalGrammar: null,
      ...options,
    }),
  );

const allows = (expected: Expected, token: number): boolean => {
  switch (expected.type) {
    case 'tokens':
      return expected.tokens.includes(token);
    case 'text':
    case 'grammar':
      return token === expected.end || token < tokenizer.texts.numTextTokens;
  }
};

/** What may follow the markup; null if it is not allowed itself. */
const behind = (markup: string, options: Partial<TurnPlanOptions> = {}): Expected | null => {
  const turn = walk(options);
  for (const token of encodeMarkup(tokenizer, markup)) {
    if (!allows(turn.expected, token)) return null;
    turn.accept(token);
  }
  return turn.expected;
};

const { call, end, return: done } = tokenizer.harmony;
const TO_EXEC = '<|channel|>commentary to=functions.exec';

describe('a turn by its plan', () => {
  test.each<readonly [string, Expected]>([
    ['<|channel|>analysis<|message|>', { type: 'text', end }],
    ['<|channel|>commentary<|message|>', { type: 'text', end }],
    ['<|channel|>final<|message|>', { type: 'text', end: done }],
    [`${TO_EXEC}<|message|>`, { type: 'grammar', grammar: 0, end: call }],
    [`${TO_EXEC} <|constrain|>json<|message|>`, { type: 'grammar', grammar: 0, end: call }],
    [
      ' to=functions.exec<|channel|>commentary <|constrain|>json<|message|>',
      { type: 'grammar', grammar: 0, end: call },
    ],
    [
      '<|channel|>commentary to=functions.apply_patch code<|message|>',
      { type: 'grammar', grammar: 1, end: call },
    ],
    ['<|channel|>commentary to=functions.look<|message|>', { type: 'text', end: call }],
  ])('holds the body behind %s to what its header says', (markup, expected) => {
    expect(behind(markup)).toEqual(expected);
  });

  test.each([
    '<|channel|>commentary to=functions.unknown<|message|>',
    '<|channel|>finally<|message|>',
    'analysis<|message|>',
    '<|message|>',
    '<|channel|>analysis<|end|>',
    `${TO_EXEC}<|message|>{}<|end|>`,
    '<|channel|>final<|message|>x<|end|>',
    '<|channel|>analysis<|message|>x<|return|>',
  ])('does not allow %s', (markup) => {
    expect(behind(markup)).toBeNull();
  });

  test('goes on with another message behind one that does not end it', () => {
    expect(behind(`<|channel|>analysis<|message|>x<|end|><|start|>assistant${TO_EXEC}<|message|>`)).toEqual({
      type: 'grammar',
      grammar: 0,
      end: call,
    });
    expect(behind('<|channel|>analysis<|message|>x<|end|><|start|>user')).toBeNull();
  });

  test('holds the answer to its grammar', () => {
    expect(behind('<|channel|>final<|message|>', { finalGrammar: 2 })).toEqual({
      type: 'grammar',
      grammar: 2,
      end: done,
    });
  });

  test('ends in a call where one is required, and may think before', () => {
    const options = { mustCall: true };
    expect(behind('<|channel|>final<|message|>', options)).toBeNull();
    expect(behind('<|channel|>commentary<|message|>', options)).toBeNull();
    expect(behind('<|channel|>analysis<|message|>', options)).toEqual({ type: 'text', end });
    expect(behind(`${TO_EXEC}<|message|>`, options)).not.toBeNull();
  });

  test('has no commentary without tools', () => {
    expect(behind('<|channel|>commentary<|message|>', { tools: [] })).toBeNull();
    expect(behind('<|channel|>final<|message|>', { tools: [] })).toEqual({ type: 'text', end: done });
  });

  test('calls tools that the model was trained with from its analysis', () => {
    const options = { builtins: ['python'] };
    expect(behind('<|channel|>analysis to=python code<|message|>', options)).toEqual({
      type: 'text',
      end: call,
    });
  });

  test('is read without a repair, whichever way it goes', () => {
    const plan = createTurnPlan({
      tokenizer,
      tools: TOOLS,
      builtins: ['python'],
      mustCall: false,
      finalGrammar: null,
    });
    for (const { header, end: ending } of plan.messages) {
      const run = runDecoder([...header, ...tokenizer.encode('{}'), ending], {
        tokenizer,
        tools: [...TOOLS.map(({ name }) => `functions.${name}`), 'python'],
        freeformTools: ['functions.apply_patch'],
        include: { preambles: true },
      });
      expect(run.repairs).toEqual({});
      expect(run.messages).toHaveLength(1);
    }
  });
});
