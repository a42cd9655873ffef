import { describe, expect, test } from '@jest/globals';
import { encodeMarkup } from '../../src/harmony/encode-markup.js';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import { runDecoder, type DecoderRun } from './decoder-run.js';
import { loadO200k, truncate } from './o200k.js';
import { parseCases } from './vectors.js';

const tokenizer = createTokenizer(loadO200k());
const TOOLS = ['functions.f', 'functions.shell', 'functions.get_weather', 'browser.search', 'python'];

const decode = (markup: string, role: 'assistant' | null = 'assistant'): DecoderRun =>
  runDecoder(encodeMarkup(tokenizer, markup), { tokenizer, tools: TOOLS, role });

/** Messages as `channel>recipient:content`. */
const brief = ({ messages }: DecoderRun): string[] =>
  messages.map(
    ({ channel, recipient, content }) =>
      `${channel ?? ''}${recipient === undefined ? '' : `>${recipient}`}:${content}`,
  );

const FINAL = '<|start|>assistant<|channel|>final<|message|>x<|return|>';
const CALL = '<|message|>{"a":1}<|call|>';

describe('tolerant decoding of malformed output', () => {
  test.each<readonly [string, readonly string[], string]>([
    // output, messages, repairs
    [
      `<|channel|>commentary to=functions.f <|constrain|> json${CALL}`,
      ['commentary>functions.f:{"a":1}'],
      'content_type_moved',
    ],
    [
      `<|channel|>commentary <|constrain|>json to=functions.f${CALL}`,
      ['commentary>functions.f:{"a":1}'],
      'content_type_moved',
    ],
    [
      `<|channel|>commentary json to=functions.f${CALL}`,
      ['commentary>functions.f:{"a":1}'],
      'content_type_moved',
    ],
    [
      `<|channel|>commentary to=functions.f code json${CALL}`,
      ['commentary>functions.f:{"a":1}'],
      'content_type_moved',
    ],
    [
      ` to=functions.f<|channel|>commentary to=functions.f${CALL}`,
      ['commentary>functions.f:{"a":1}'],
      'recipient_repeated',
    ],
    [
      '<|channel|>final <|constrain|>json<|message|>{"a":1}<|return|>',
      ['final:{"a":1}'],
      'content_type_moved',
    ],
    [`<|channel|>commentary functions.f${CALL}`, ['commentary>functions.f:{"a":1}'], 'recipient_bare'],
    [`<|channel|>commentary f${CALL}`, ['commentary>functions.f:{"a":1}'], 'recipient_bare'],
    [`<|channel|>commentary g${CALL}`, ['commentary:{"a":1}'], 'header_words'],
    [`<|channel|>commentary to=f${CALL}`, ['commentary>functions.f:{"a":1}'], 'recipient_matched'],
    [
      `<|channel|>commentary to=functions.shelljson${CALL}`,
      ['commentary>functions.shell:{"a":1}'],
      'recipient_matched',
    ],
    [
      `<|channel|>commentary to=functions.f<|channel|>commentary${CALL}`,
      ['commentary>functions.f:{"a":1}'],
      'channel_repeated',
    ],
    [
      `<|channel|>commentary<|channel|>to=functions.f${CALL}`,
      ['commentary>functions.f:{"a":1}'],
      'channel_empty',
    ],
    [
      `<|channel|><|channel|>analysis<|message|>t<|end|>${FINAL}`,
      ['analysis:t', 'final:x'],
      'channel_repeated',
    ],
    [`??<|channel|>analysis<|message|>t<|end|>${FINAL}`, ['analysis:t', 'final:x'], 'header_words'],
    ['<|channel|>comment<|message|>p<|end|>', ['commentary:p'], 'channel_mapped'],
    ['<|channel|>commentary?<|message|>p<|end|>', ['commentary:p'], 'channel_mapped'],
    ['<|channel|>final Hello there<|return|>', ['final:Hello there'], 'missing_message_marker'],
    ['<|channel|>finalHello there<|return|>', ['final:Hello there'], 'channel_mapped,missing_message_marker'],
    [
      `<|channel|>analysis<|message|>t<|end|><|start|>assistant<|channel|>final Hello<|return|>`,
      ['analysis:t', 'final:Hello'],
      'missing_message_marker',
    ],
    [
      `<|channel|>analysis I must refuse<|end|>${FINAL}`,
      ['analysis:I must refuse', 'final:x'],
      'missing_message_marker',
    ],
    [
      '<|channel|>commentary to=functions.f<|constrain|>json{"a": [1, 2]}<|call|>',
      ['commentary>functions.f:{"a": [1, 2]}'],
      'missing_message_marker',
    ],
    [
      '<|channel|>commentary to=functions.f{"a":1}<|call|>',
      ['commentary>functions.f:{"a":1}'],
      'missing_message_marker',
    ],
    ['2 + 2 = 4.<|return|>', ['final:2 + 2 = 4.'], 'unheaded_text'],
    ['I’m sorry, but\nI can’t help.', ['final:I’m sorry, but\nI can’t help.'], 'unheaded_text'],
    [
      `<|channel|>analysis<|message|>t<|end|>The answer is 4.<|return|>`,
      ['analysis:t', 'final:The answer is 4.'],
      'unheaded_text',
    ],
    [
      `<|channel|>analysis<|message|>t<|end|>more thoughts<|end|>${FINAL}`,
      ['analysis:t', 'final:x'],
      'text_between_messages,extra_stop',
    ],
    ['<|channel|>final<|message|>x<|end|>junk', ['final:x'], 'text_between_messages'],
    ['<|channel|>final<|message|>x<|return|><|return|>', ['final:x'], 'extra_stop'],
    [
      `<|channel|>analysis<|message|>t<|end|><|end|>\n${FINAL}`,
      ['analysis:t', 'final:x'],
      'extra_stop,text_between_messages',
    ],
    [
      '<|channel|>analysis<|message|>t<|end|><|channel|>final<|message|>x<|return|>',
      ['analysis:t', 'final:x'],
      'missing_start',
    ],
    [
      '<|channel|>analysis<|message|>t<|end|>assistant<|channel|>final<|message|>x<|return|>',
      ['analysis:t', 'final:x'],
      'missing_start',
    ],
    [
      '<|channel|>analysis<|message|>t<|end|>assistantfinal<|message|>x<|return|>',
      ['analysis:t', 'final:x'],
      'missing_start,channel_missing',
    ],
    [
      '<|channel|>analysis<|message|>t<|end|><|start|><|channel|>final<|message|>x<|return|>',
      ['analysis:t', 'final:x'],
      'role_missing',
    ],
    [
      `<|channel|>analysis<|message|>t<|end|><|start|> to=functions.f<|channel|>commentary${CALL}`,
      ['analysis:t', 'commentary>functions.f:{"a":1}'],
      'role_missing',
    ],
    [
      `<|channel|>analysis<|message|>t<|end|><|start|>${FINAL}`,
      ['analysis:t', 'final:x'],
      'header_restarted',
    ],
    ['assistantassistant<|channel|>final<|message|>x<|return|>', ['final:x'], 'role_repeated'],
    [`<|channel|>analysis<|message|>t${FINAL}`, ['analysis:t', 'final:x'], 'missing_end'],
    [
      '<|channel|>analysis<|message|>t<|channel|>final<|message|>x<|return|>',
      ['analysis:t', 'final:x'],
      'missing_end',
    ],
    ['<|channel|>analysis<|message|>t <|start|> and on<|end|>', ['analysis:t  and on'], 'stray_marker'],
    ['<|channel|>final<|message|>a<|channel|>b<|return|>', ['final:ab'], 'stray_marker'],
    [
      '<|channel|>final<|message|>a<|message|>b<|constrain|>c<|return|>',
      ['final:abc'],
      'stray_marker,stray_marker',
    ],
    [
      '<|channel|>commentary to=functions.f<|message|><|constrain|>json{"a":1}<|call|>',
      ['commentary>functions.f:{"a":1}'],
      'stray_marker',
    ],
    [
      '<|channel|>commentary to=functions.f<|message|>{"a":1}<|end|>',
      ['commentary>functions.f:{"a":1}'],
      'call_unended',
    ],
    [
      '<|channel|>analysis<|end|><|start|>assistant<|channel|>final<|message|>x<|return|>',
      ['analysis:', 'final:x'],
      'missing_message_marker',
    ],
    ['<|channel|>final<|message|>a<|reserved_200013|>b<|return|>', ['final:ab'], 'reserved_token'],
    ['<|channel|>final<|message|>a<|endoftext|>b', ['final:a'], 'text_between_messages'],
    ['<|channel|>final to=bob<|message|>x<|return|>', ['final:x'], 'recipient_dropped'],
    [
      '<|channel|>analysis<|message|>t<|end|><|start|>assistant<|channel|>??<|message|>x<|return|>',
      ['analysis:t', '??:x'],
      'channel_unknown',
    ],
    ['<|start|>assistant<|channel|>', [], 'header_restarted,header_unfinished'],
    ['<|channel|>analysis<|start|><|message|>t<|end|>', ['analysis:t'], 'header_restarted'],
  ])('%s', (markup, messages, repairs) => {
    const run = decode(markup);
    expect(brief(run)).toEqual(messages);
    expect(repairNames(run)).toEqual(repairs.split(',').sort());
  });

  test('treats only the unknown token as unknown', () => {
    const tokens = encodeMarkup(tokenizer, '<|channel|>final<|message|>ab<|return|>');
    const run = runDecoder(
      tokens.flatMap((token) =>
        token === 200002 ? [300000, -1, Number.NaN, ...tokenizer.encode('cd'), token] : [token],
      ),
      { tokenizer },
    );
    expect(run.answer).toBe('ab\ufffd\ufffd\ufffdcd');
    expect(run.repairs).toEqual({ unknown_token: 3 });
  });

  test('reads a truncated vocabulary by its own marker ids', () => {
    const small = createTokenizer(truncate(loadO200k(), 1000));
    const run = runDecoder(
      encodeMarkup(
        small,
        `<|channel|>analysis<|message|>t<|end|>assistant<|channel|>final<|message|>💖 x<|return|>`,
      ),
      { tokenizer: small },
    );
    expect(run.answer).toBe('💖 x');
  });
});

const repairNames = ({ repairs }: DecoderRun): string[] =>
  Object.entries(repairs)
    .flatMap(([name, count]) => new Array<string>(count).fill(name))
    .sort();

describe('tolerant decoding of well-formed output', () => {
  /** Official results that its own documentation would not want; see the malformations above. */
  const isOdd = (content: string): boolean => content.includes('<|');

  test('reads what the official parser reads, without a repair', () => {
    let numCompared = 0;
    for (const { id, tokens, role, expect: official } of parseCases()) {
      const run = runDecoder(tokens, { tokenizer, role, tools: TOOLS });
      if (
        Object.keys(run.repairs).length > 0 ||
        official.messages === undefined ||
        isOdd(JSON.stringify(official.messages.map(({ recipient }) => recipient)))
      )
        continue;
      if (id.startsWith('user-with-name')) continue; // the parser cannot read the names that the renderer writes
      expect([id, run.messages]).toEqual([id, official.messages]);
      numCompared++;
    }
    expect(numCompared).toBeGreaterThan(35);
  });

  test('keeps text that only spells a marker', () => {
    const { tokens } = parseCases().find(({ id }) => id === 'literal-marker-text-in-content')!;
    expect(runDecoder(tokens, { tokenizer }).answer).toBe('say <|end|> now');
  });
});

describe('tool calls', () => {
  const call = (markup: string): unknown => decode(markup).items[0];

  test('may go by a declared name in role or channel position', () => {
    const expected = {
      type: 'tool_call',
      status: 'completed',
      recipient: 'functions.f',
      arguments: '{"a":1}',
      channel: 'commentary',
      contentType: 'json',
      isDeclared: true,
      isFreeform: false,
      isGuessed: false,
    };
    expect(call(` to=functions.f<|channel|>commentary <|constrain|>json${CALL}`)).toEqual(expected);
    expect(call(`<|channel|>commentary to=functions.f <|constrain|>json${CALL}`)).toEqual(expected);
    expect(call(`<|channel|>commentary to=functions.f<|constrain|>json${CALL}`)).toEqual(expected);
  });

  test('are calls on any channel, by their recipient', () => {
    expect(call(`<|channel|>analysis to=functions.f${CALL}`)).toMatchObject({
      type: 'tool_call',
      isDeclared: true,
      isGuessed: false,
    });
    expect(call(`<|channel|>final to=functions.f${CALL}`)).toMatchObject({
      type: 'tool_call',
      isDeclared: true,
      isGuessed: false,
    });
    expect(call('<|channel|>analysis to=python code<|message|>print(1)<|call|>')).toMatchObject({
      recipient: 'python',
      contentType: 'code',
      status: 'completed',
    });
    expect(decode('<|channel|>commentary to=assistant<|message|>x<|end|>').items).toEqual([]);
  });

  test('of undeclared tools are delivered and marked', () => {
    expect(call(`<|channel|>commentary to=functions.rm${CALL}`)).toMatchObject({
      recipient: 'functions.rm',
      isDeclared: false,
      isGuessed: false,
    });
  });

  test('are marked when their recipient or arguments had to be guessed', () => {
    for (const markup of [
      `<|channel|>commentary f${CALL}`,
      `<|channel|>commentary to=shell${CALL}`,
      '<|channel|>commentary to=functions.f<|constrain|>json{"a":1}<|call|>',
      '<|channel|>commentary to=functions.f<|message|>{"a"<|message|>:1}<|call|>',
      '<|channel|>commentary to=functions.f<|message|>{"a":<|reserved_200014|>1}<|call|>',
      ` to=functions.shell<|channel|>commentary to=functions.f${CALL}`,
    ]) {
      expect([markup, call(markup)]).toEqual([
        markup,
        expect.objectContaining({ type: 'tool_call', isGuessed: true }),
      ]);
    }
  });

  test('that were cut off are incomplete unless their arguments are complete JSON', () => {
    expect(call('<|channel|>commentary to=functions.f<|message|>{"a":')).toMatchObject({
      status: 'incomplete',
    });
    expect(call('<|channel|>commentary to=functions.f<|message|>{"a":1}')).toMatchObject({
      status: 'completed',
    });
    expect(call('<|channel|>commentary to=functions.f<|message|>{"a":<|end|>')).toMatchObject({
      status: 'incomplete',
    });
  });

  test('do not put together a marker from what stood around something dropped', () => {
    const { messages } = decode('< to=functions.f<|start|>|end|>');
    expect(messages.map(({ content }) => content)).toEqual(['< |end|>']);
  });

  test('stream what is kept of a character that markers have cut', () => {
    const { message, channel, start, return: done } = tokenizer.harmony;
    const byte = (value: number): number => tokenizer.texts.bytes.subarray(0, 256).indexOf(value);
    const run = runDecoder(
      [
        channel,
        ...tokenizer.encode('final'),
        message,
        byte(0xe1),
        start,
        message,
        byte(0x9a),
        byte(0x41),
        done,
      ],
      { tokenizer },
    );
    expect(run.answer).toBe('\ufffdA');
    expect(run.items).toMatchObject([{ text: '\ufffdA' }]);
  });

  test('keep both of two calls in one turn', () => {
    const run = decode(
      `<|channel|>commentary to=functions.f${CALL}<|start|>assistant<|channel|>commentary to=functions.shell${CALL}`,
    );
    expect(run.items).toMatchObject([{ recipient: 'functions.f' }, { recipient: 'functions.shell' }]);
    expect(run.decoder.hasEnded).toBe(true);
  });
});

describe('a tolerant decoder’s time', () => {
  // Each of these took minutes when a header was read again from its beginning with every token.
  test.each<readonly [string, string, string]>([
    ['white space in a header', '<|channel|>final', '\n'],
    ['white space behind a marker in content', '<|channel|>final<|message|>x<|start|>', ' \n'],
    ['text behind a role in content', '<|channel|>final<|message|>x<|start|>assistant', ' a'],
    ['a recipient without end', ' to=', 'a'],
    ['channel markers', '<|channel|>', '<|channel|>a'],
    ['start markers', '', '<|start|>a'],
    ['text between messages', '<|channel|>analysis<|message|>x<|end|>', ' a'],
  ])(
    'is linear in %s',
    (_, begin, repeated) => {
      const before = process.cpuUsage(); // however busy the machine is
      const part = encodeMarkup(tokenizer, repeated);
      const tokens = [
        ...encodeMarkup(tokenizer, begin),
        ...Array.from({ length: 30_000 }, (_unused, i) => part[i % part.length]!),
      ];
      runDecoder(tokens, { tokenizer, tools: TOOLS });
      expect(process.cpuUsage(before).user / 1e6).toBeLessThan(10);
    },
    60_000,
  );
});
