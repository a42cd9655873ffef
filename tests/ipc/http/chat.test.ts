import { describe, expect, test } from '@jest/globals';
import type OpenAI from 'openai';
import { ChatBody } from '../../../src/ipc/http/chat-body.js';
import { type ChatChunk, createChatEncoder } from '../../../src/ipc/http/chat-encoder.js';
import { readChatRequest } from '../../../src/ipc/http/chat-request.js';
import { parseBody } from '../../../src/ipc/http/responses-body.js';
import { createToolTable } from '../../../src/ipc/http/tool-table.js';
import type { ResponseEvent } from '../../../src/ipc/protocol.js';

// What we send is what OpenAI's SDK expects: checked by the compiler. A call of a custom tool in a stream is left out: the
// SDK has a type for it in whole completions only.
type Writable<Value> = Value extends object
  ? { -readonly [Key in keyof Value]: Writable<Value[Key]> }
  : Value;
type SentChunk = Omit<Writable<ChatChunk>, 'choices'> & {
  choices: Array<
    Omit<Writable<ChatChunk['choices'][number]>, 'delta'> & {
      delta: { role?: 'assistant'; content?: string };
    }
  >;
};
type SentCompletion = Writable<ReturnType<ReturnType<typeof createChatEncoder>['completion']>>;
const conforms = <Sent extends Wanted, Wanted>(): Sent | null => null;
conforms<SentChunk, OpenAI.Chat.ChatCompletionChunk>();
conforms<SentCompletion, OpenAI.Chat.ChatCompletion>();

const read = (body: object) => readChatRequest(parseBody(ChatBody, { messages: [], ...body }), null);

describe('a chat request', () => {
  test('becomes a conversation', () => {
    const { options } = read({
      messages: [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look:' },
            { type: 'image_url', image_url: {} },
          ],
        },
        {
          role: 'assistant',
          content: 'I look.',
          reasoning_content: 'think',
          tool_calls: [
            { id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } },
            { id: 'c2', type: 'custom', custom: { name: 'g', input: 'text' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'done' },
        { role: 'assistant', content: 'It is done.' },
      ],
    });
    expect(options.items).toMatchObject([
      { role: 'system', text: 'Be brief.' },
      { role: 'user', text: expect.stringMatching(/^Look:\n\[an image/) },
      { channel: 'analysis', text: 'think' },
      { channel: 'commentary', text: 'I look.' },
      { kind: 'tool_call', callId: 'c1', name: 'f', arguments: '{}', freeform: false },
      { kind: 'tool_call', callId: 'c2', name: 'g', arguments: 'text', freeform: true },
      { kind: 'tool_output', callId: 'c1', output: 'done' },
      { channel: 'final', text: 'It is done.' },
    ]);
  });

  test('says how the answer is to be written', () =>
    expect(
      read({
        reasoning_effort: 'minimal',
        max_completion_tokens: 9,
        temperature: 0,
        seed: 7,
        tools: [
          { type: 'function', function: { name: 'f', parameters: { type: 'object' }, strict: true } },
          {
            type: 'custom',
            custom: {
              name: 'g',
              format: { type: 'grammar', grammar: { syntax: 'regex', definition: 'a+' } },
            },
          },
        ],
        tool_choice: { type: 'function', function: { name: 'f' } },
        response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'array' } } },
      }).options,
    ).toMatchObject({
      reasoningEffort: 'low',
      maxTokens: 9,
      sampling: { temperature: 0, seed: 7 },
      tools: [
        { kind: 'function', name: 'f', strict: true },
        { kind: 'freeform', name: 'g', grammar: { syntax: 'regex', definition: 'a+' } },
      ],
      toolChoice: { name: 'f' },
      outputSchema: { type: 'array' },
    }));

  test.each([
    ['END', ['END']],
    [
      ['a', '', 'b'],
      ['a', 'b'],
    ],
    [null, []],
  ])('takes the stop sequences %j', (stop, taken) => expect(read({ stop }).stop).toEqual(taken));

  test.each([
    [5, /stop .*expected string.*, or .*expected array/],
    [Array.from({ length: 17 }, String), /stop Too big: expected array to have <=16 items\.$/],
    [['a', 5], /stop 1: .*expected string/],
  ])('says what is wrong with stop sequences that are none: %j', (stop, message) =>
    expect(() => read({ stop })).toThrow(message),
  );

  test.each([{ n: 2 }, { logprobs: true }, { response_format: { type: 'xml' } }])(
    'that would silently lose %j is refused',
    (body) => expect(() => read(body)).toThrow(expect.objectContaining({ code: 'unsupported_option' })),
  );

  test.each([
    { messages: 'hi' },
    { messages: [{ role: 'robot', content: '' }] },
    { messages: [{ role: 'tool' }] },
  ])('of a wrong shape is refused: %j', (body) =>
    expect(() => read(body)).toThrow(expect.objectContaining({ code: 'invalid_request' })),
  );
});

type Body<Event> = Event extends ResponseEvent ? Omit<Event, 'requestId' | 'sequence'> : never;
const TIMINGS = {
  queuedMs: 0,
  prefillMs: 0,
  timeToFirstTokenMs: 0,
  decodeMs: 0,
  totalMs: 0,
  prefillTokensPerSecond: 0,
  decodeTokensPerSecond: 0,
};
const USAGE = { inputTokens: 10, cachedInputTokens: 4, outputTokens: 5, reasoningTokens: 2 };
const call = (name: string, text: string, owner: 'client' | 'daemon' = 'client'): Body<ResponseEvent> => ({
  type: 'output_item.done',
  item: {
    kind: 'tool_call',
    callId: `call_${name}`,
    name,
    arguments: text,
    freeform: false,
    owner,
    declared: true,
    guessed: false,
  },
});
const completed = (finishReason: 'stop' | 'tool_calls' | 'length' | 'cancelled'): Body<ResponseEvent> => ({
  type: 'completed',
  finishReason,
  usage: USAGE,
  timings: TIMINGS,
  repairs: {},
});
const ANSWER: readonly Body<ResponseEvent>[] = [
  { type: 'created', model: 'm', queuedAhead: 0 },
  { type: 'reasoning.delta', text: 'thi' },
  { type: 'output_item.done', item: { kind: 'message', channel: 'analysis', text: 'think' } },
  { type: 'output_text.delta', channel: 'final', text: 'H' },
  { type: 'output_item.done', item: { kind: 'message', channel: 'final', text: 'Hi' } },
  completed('stop'),
];

const encode = (
  events: readonly Body<ResponseEvent>[],
  { includeUsage = false, isStopping = false, stop = [] as readonly string[] } = {},
) => {
  const encoder = createChatEncoder({
    id: 'chatcmpl-1',
    createdS: 100,
    tools: createToolTable([
      { type: 'function', function: { name: 'f' } },
      { type: 'custom', custom: { name: 'g' } },
    ]),
    includeUsage,
    stop,
    isStopping: () => isStopping,
  });
  const chunks = events.flatMap((event, sequence) =>
    encoder.encode({ ...event, requestId: 'r', sequence } as ResponseEvent),
  );
  return { encoder, chunks };
};

describe('a chat completion', () => {
  test('streams analysis and answer apart, each piece once', () => {
    const { chunks } = encode(ANSWER);
    expect(chunks.map(({ choices }) => choices[0]!.delta)).toEqual([
      { role: 'assistant', content: '' },
      { reasoning: 'thi', reasoning_content: 'thi' },
      { reasoning: 'nk', reasoning_content: 'nk' },
      { content: 'H' },
      { content: 'i' },
      {},
    ]);
    expect(chunks.at(-1)!.choices[0]!.finish_reason).toBe('stop');
    expect(chunks.every((chunk) => !('usage' in chunk))).toBe(true);
  });

  test('ends with its usage when it is asked to', () => {
    const { chunks } = encode(ANSWER, { includeUsage: true });
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 15,
        prompt_tokens_details: { cached_tokens: 4 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  test('as a whole says the same', () =>
    expect(encode(ANSWER).encoder.completion()).toMatchObject({
      object: 'chat.completion',
      model: 'm',
      choices: [
        {
          message: { role: 'assistant', content: 'Hi', reasoning: 'think', reasoning_content: 'think' },
          finish_reason: 'stop',
        },
      ],
      usage: { total_tokens: 15 },
    }));

  test('carries the client’s calls, and keeps the daemon’s own to itself', () => {
    const { chunks, encoder } = encode([
      ANSWER[0]!,
      call('clock', '{}', 'daemon'),
      call('f', '{"a":1}'),
      call('g', 'some text'),
      completed('tool_calls'),
    ]);
    expect(chunks.slice(1).map(({ choices }) => [choices[0]!.delta, choices[0]!.finish_reason])).toEqual([
      [
        {
          tool_calls: [
            { index: 0, id: 'call_f', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
          ],
        },
        null,
      ],
      [
        {
          tool_calls: [{ index: 1, id: 'call_g', type: 'custom', custom: { name: 'g', input: 'some text' } }],
        },
        null,
      ],
      [{}, 'tool_calls'],
    ]);
    expect(encoder.completion().choices[0]!.message).toMatchObject({
      content: null,
      tool_calls: [{ id: 'call_f' }, { id: 'call_g' }],
    });
  });

  const textOf = ({ chunks }: ReturnType<typeof encode>): string =>
    chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
  const answer = (...pieces: readonly string[]): readonly Body<ResponseEvent>[] => [
    ANSWER[0]!,
    { type: 'reasoning.delta', text: 'END' },
    { type: 'output_item.done', item: { kind: 'message', channel: 'analysis', text: 'END' } },
    ...pieces.map((text) => ({ type: 'output_text.delta', channel: 'final', text }) as const),
  ];

  test.each([
    ['in one piece', ['one END two'], 'one '],
    ['in several pieces', ['one E', 'N', 'D two', ' three'], 'one '],
    ['which only seemed to come before', ['one EN EN', 'D'], 'one EN '],
    ['at once', ['END'], ''],
  ])('ends before a stop sequence that comes %s', (_, pieces, text) => {
    const encoded = encode([...answer(...pieces), completed('cancelled')], {
      stop: ['never', 'END'],
      isStopping: true,
    });
    expect(encoded.encoder.hasStopped()).toBe(true);
    expect(textOf(encoded)).toBe(text);
    expect(encoded.chunks.at(-1)!.choices[0]!.finish_reason).toBe('stop');
    expect(encoded.encoder.completion()).toMatchObject({
      choices: [{ message: { content: text, reasoning_content: 'END' }, finish_reason: 'stop' }],
      usage: { completion_tokens: 5 },
    });
  });

  test('has all of its text when no stop sequence comes, and calls are never cut', () => {
    const whole = encode(
      [
        ...answer('one E', 'N'),
        { type: 'output_item.done', item: { kind: 'message', channel: 'final', text: 'one EN.E' } },
        call('f', '{"a":"END"}'),
        completed('tool_calls'),
      ],
      { stop: ['END'] },
    );
    expect(whole.encoder.hasStopped()).toBe(false);
    expect(textOf(whole)).toBe('one EN.E');
    expect(whole.encoder.completion()).toMatchObject({
      choices: [{ message: { tool_calls: [{ function: { arguments: '{"a":"END"}' } }] } }],
    });
    expect(textOf(encode([...answer('one E'), completed('length')], { stop: ['END'] }))).toBe('one E');
  });

  test('says that it was cut off', () => {
    expect(encode([...ANSWER.slice(0, -1), completed('length')]).encoder.completion()).toMatchObject({
      choices: [{ finish_reason: 'length' }],
    });
    expect(encode([completed('cancelled')], { isStopping: true }).encoder.error()).toMatchObject({
      code: 'shutting_down',
    });
  });
});
