import { describe, expect, test } from '@jest/globals';
import type { Include } from '../../src/harmony/message-assembler.js';
import { createDecoder } from '../../src/harmony/decoder.js';
import { encodeMarkup } from '../../src/harmony/encode-markup.js';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import { runDecoder, type DecoderRun } from './decoder-run.js';
import { loadO200k } from './o200k.js';

const tokenizer = createTokenizer(loadO200k());

const TURN = [
  '<|channel|>analysis<|message|>Let me look.<|end|>',
  '<|start|>assistant<|channel|>commentary<|message|>I look it up.<|end|>',
  '<|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"a":1}<|call|>',
].join('');
const ANSWER =
  '<|channel|>analysis<|message|>Now I know.<|end|><|start|>assistant<|channel|>commentary<|message|>Nearly there.<|end|><|start|>assistant<|channel|>final<|message|>It is 4.<|return|>';

const decode = (markup: string, include: Partial<Include> = {}): DecoderRun =>
  runDecoder(encodeMarkup(tokenizer, markup), { tokenizer, include, tools: ['functions.f'] });

/** Deltas joined by type and phase. */
const streams = ({ events }: DecoderRun): Record<string, string> => {
  const texts: Record<string, string> = {};
  for (const event of events) {
    if (!('delta' in event)) continue;
    const key = 'phase' in event ? event.phase : event.type;
    texts[key] = (texts[key] ?? '') + event.delta;
  }
  return texts;
};

describe('what a turn delivers', () => {
  test('is by default the final text alone: commentary and analysis are suppressed', () => {
    const run = decode(ANSWER);
    expect(streams(run)).toEqual({ final_answer: 'It is 4.' });
    expect(run.items).toEqual([
      { type: 'message', status: 'completed', phase: 'final_answer', text: 'It is 4.' },
    ]);
  });

  test('has preambles as items with their phase when they are asked for', () => {
    const run = decode(ANSWER, { preambles: true });
    expect(streams(run)).toEqual({ commentary: 'Nearly there.', final_answer: 'It is 4.' });
    expect(run.items).toMatchObject([
      { phase: 'commentary', text: 'Nearly there.' },
      { phase: 'final_answer' },
    ]);
  });

  test('has reasoning only when it is asked for', () => {
    const run = decode(ANSWER, { reasoning: true });
    expect(streams(run)).toEqual({ 'reasoning.delta': 'Now I know.', final_answer: 'It is 4.' });
    expect(run.items).toMatchObject([{ type: 'reasoning', text: 'Now I know.' }, { type: 'message' }]);
  });

  test('has a tool call when it is complete, and its arguments as they come when asked for', () => {
    expect(streams(decode(TURN))).toEqual({});
    expect(decode(TURN).items).toMatchObject([
      { type: 'tool_call', recipient: 'functions.f', arguments: '{"a":1}' },
    ]);
    expect(streams(decode(TURN, { toolArguments: true }))).toEqual({
      'tool_call.arguments.delta': '{"a":1}',
    });
  });

  test('numbers the delivered items, and deltas as their items', () => {
    const run = decode(TURN + ANSWER.replace('<|channel|>', '<|start|>assistant<|channel|>'), {
      preambles: true,
      reasoning: true,
      toolArguments: true,
    });
    const done = run.events.flatMap((event) => (event.type === 'output_item.done' ? [event.itemIndex] : []));
    expect(done).toEqual([0, 1, 2, 3, 4, 5]);
    const open = run.events.flatMap((event) => ('delta' in event ? [event.itemIndex] : []));
    expect([...new Set(open)]).toEqual(done);
  });

  test('streams each token’s text with the token', () => {
    const decoder = createDecoder({ tokenizer });
    for (const token of encodeMarkup(tokenizer, '<|channel|>final<|message|>'))
      expect(decoder.push(token)).toEqual([]);
    for (const token of tokenizer.encode('It is 4.')) {
      expect(decoder.push(token)).toEqual([
        { type: 'output_text.delta', itemIndex: 0, phase: 'final_answer', delta: tokenizer.decode([token]) },
      ]);
    }
  });

  test('streams an answer without any markup after its first words', () => {
    const decoder = createDecoder({ tokenizer });
    const deltas = tokenizer
      .encode('I cannot help you with that, because it would be wrong.')
      .map((token) => decoder.push(token).some(({ type }) => type === 'output_text.delta'));
    expect(deltas.indexOf(true)).toBeLessThan(8);
    expect(deltas.slice(deltas.indexOf(true))).not.toContain(false);
  });

  test('shows a preamble that ended the turn: it is all the user gets', () => {
    const run = decode(
      '<|channel|>analysis<|message|>t<|end|><|start|>assistant<|channel|>commentary<|message|>Done.<|return|>',
    );
    expect(run.answer).toBe('Done.');
    expect(run.repairs).toEqual({ commentary_answer: 1 });
  });

  test('counts tokens by channel', () => {
    const { usage } = decode(ANSWER).decoder;
    const count = (text: string): number => tokenizer.encode(text).length;
    expect(usage).toEqual({
      total: encodeMarkup(tokenizer, ANSWER).length,
      analysis: count('Now I know.'),
      commentary: count('Nearly there.'),
      final: count('It is 4.'),
      other: 0,
      markup: usage.total - usage.analysis - usage.commentary - usage.final,
    });
  });

  describe('of a freeform tool', () => {
    const call = (header: string, text: string): string =>
      `<|channel|>commentary to=functions.edit${header}<|message|>${text}<|call|>`;
    const edit = (markup: string): DecoderRun =>
      runDecoder(encodeMarkup(tokenizer, markup), {
        tokenizer,
        include: { toolArguments: true },
        tools: ['functions.edit'],
        freeformTools: ['functions.edit'],
      });

    test.each([
      ['raw text', call(' code', '*** Begin\n"x"'), '*** Begin\n"x"', {}],
      ['raw text under a wrong type', call(' <|constrain|>json', '*** Begin'), '*** Begin', {}],
      ['raw text that is JSON', call('', '{"a":"b"}'), '{"a":"b"}', {}],
      [
        'text wrapped in an object',
        call(' <|constrain|>json', '{"input":"a\\nb"}'),
        'a\nb',
        { freeform_wrapped: 1 },
      ],
      ['text wrapped in a string', call(' json', '"a\\nb"'), 'a\nb', { freeform_wrapped: 1 }],
      ['JSON that wraps no text', call(' <|constrain|>json', '{"a":"b","c":"d"}'), '{"a":"b","c":"d"}', {}],
    ])('a call has the text: %s', (_, markup, text, repairs) => {
      const run = edit(markup);
      expect(run.items).toMatchObject([
        { type: 'tool_call', arguments: text, isFreeform: true, isGuessed: false, status: 'completed' },
      ]);
      expect(streams(run)).toEqual({ 'tool_call.arguments.delta': text });
      expect(run.repairs).toEqual(repairs);
    });

    test('a call that was cut off is incomplete, even if its text is JSON', () => {
      expect(edit('<|channel|>commentary to=functions.edit<|message|>42').items).toMatchObject([
        { type: 'tool_call', status: 'incomplete' },
      ]);
    });
  });

  test('marks an answer that was cut off', () => {
    const run = decode('<|channel|>final<|message|>It is');
    expect(run.items).toEqual([
      { type: 'message', status: 'incomplete', phase: 'final_answer', text: 'It is' },
    ]);
    expect(run.decoder.hasEnded).toBe(false);
    expect(run.decoder.finish()).toEqual([]);
  });

  test('shows a message’s life to the debug view', () => {
    const decoder = createDecoder({ tokenizer });
    const seen = encodeMarkup(tokenizer, '<|channel|>final<|message|>x<|end|>').map((token) => {
      decoder.push(token);
      const { state, channel, headerText } = decoder.view();
      return [state, channel, headerText];
    });
    expect(seen).toEqual([
      ['header', null, '<|channel|>'],
      ['header', null, '<|channel|>final'],
      ['body', 'final', ''],
      ['body', 'final', ''],
      ['between', null, ''],
    ]);
  });
});
