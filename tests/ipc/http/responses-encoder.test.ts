import { describe, expect, test } from '@jest/globals';
import type OpenAI from 'openai';
import { createResponsesEncoder } from '../../../src/ipc/http/responses-encoder.js';
import type { ResponseObject, StreamEvent } from '../../../src/ipc/http/responses-objects.js';
import { parseBody, ResponsesBody } from '../../../src/ipc/http/responses-body.js';
import { readResponsesRequest } from '../../../src/ipc/http/responses-request.js';
import type { FinishReason, OutputItem, ResponseEvent } from '../../../src/ipc/protocol.js';

// What we send is what OpenAI's SDK expects: checked by the compiler. Left out are what the SDK makes itself
// (`output_text`), what a response repeats of its request, `usage` while it is null (as OpenAI sends it too), and
// `error`, whose codes are those that Codex knows.
type Unchecked = 'output_text' | 'error' | 'usage' | 'tools' | 'text' | 'tool_choice' | 'reasoning';
type Writable<Value> = Value extends object
  ? { -readonly [Key in keyof Value]: Writable<Value[Key]> }
  : Value;
type Expected = OpenAI.Responses.ResponseStreamEvent extends infer Event
  ? Event extends { response: infer Inner }
    ? Omit<Event, 'response'> & { response: Omit<Inner, Unchecked> }
    : Event
  : never;
type SentEvent<Event> = Event extends { type: infer Type }
  ? Type extends string
    ? Omit<Writable<Event>, 'type' | 'response'> & { type: Type } & (Event extends { response: unknown }
          ? { response: Omit<Writable<ResponseObject>, Unchecked> }
          : unknown)
    : never
  : never;
const conforms = <Sent extends Wanted, Wanted>(): Sent | null => null;
conforms<SentEvent<StreamEvent>, Expected>();
conforms<Writable<NonNullable<ResponseObject['usage']>>, OpenAI.Responses.ResponseUsage>();

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

const created: Body<ResponseEvent> = { type: 'created', model: 'm', queuedAhead: 0 };
const completed = (finishReason: FinishReason = 'stop'): Body<ResponseEvent> => ({
  type: 'completed',
  finishReason,
  usage: USAGE,
  timings: TIMINGS,
  repairs: {},
});
const done = (item: OutputItem): Body<ResponseEvent> => ({ type: 'output_item.done', item });
const call = (name: string, args: string, change = {}): OutputItem =>
  ({
    kind: 'tool_call',
    callId: 'call_1',
    name,
    arguments: args,
    freeform: false,
    owner: 'client',
    declared: true,
    guessed: false,
    ...change,
  }) as OutputItem;

const TOOLS = [
  { type: 'function', name: 'exec_command' },
  { type: 'namespace', name: 'agents', tools: [{ type: 'function', name: 'close' }] },
  { type: 'custom', name: 'apply_patch' },
];

const encode = (
  events: readonly Body<ResponseEvent>[],
  options: { isStopping?: boolean; body?: object } = {},
) => {
  const body = parseBody(ResponsesBody, { input: '', tools: TOOLS, ...options.body });
  let lastId = 0;
  const encoder = createResponsesEncoder({
    ...readResponsesRequest(body, { checkpoint: null, previous: [] }),
    id: 'resp_1',
    createId: () => String(++lastId),
    nowS: () => 100,
    isStopping: () => options.isStopping ?? false,
  });
  const sent = events.flatMap((event, sequence) => [
    ...encoder.encode({ ...event, requestId: 'r', sequence } as ResponseEvent),
  ]);
  return { encoder, sent, types: sent.map(({ type }) => type.replace('response.', '')), last: sent.at(-1)! };
};

const finalResponse = ({ last }: ReturnType<typeof encode>): ResponseObject => {
  if (!('response' in last)) throw new Error(`ended with ${last.type}`);
  return last.response;
};

describe('a streamed response', () => {
  test('with reasoning and an answer has the official events in their order', () => {
    const { types, sent } = encode([
      created,
      { type: 'progress', phase: 'prefill', done: 1, total: 2 },
      { type: 'reasoning.delta', text: 'thi' },
      { type: 'reasoning.delta', text: 'nk' },
      done({ kind: 'message', channel: 'analysis', text: 'think' }),
      { type: 'output_text.delta', channel: 'final', text: 'Hi' },
      done({ kind: 'message', channel: 'final', text: 'Hi' }),
      completed(),
    ]);
    expect(types).toEqual([
      'created',
      'in_progress',
      'output_item.added',
      'content_part.added',
      'reasoning_text.delta',
      'reasoning_text.delta',
      'reasoning_text.done',
      'content_part.done',
      'output_item.done',
      'output_item.added',
      'content_part.added',
      'output_text.delta',
      'output_text.done',
      'content_part.done',
      'output_item.done',
      'completed',
    ]);
    expect(sent.map(({ sequence_number }) => sequence_number)).toEqual(sent.map((_, index) => index));
  });

  test('delivers as items what came without deltas', () => {
    const { types } = encode([created, done({ kind: 'message', channel: 'final', text: 'Hi' }), completed()]);
    expect(types.slice(2, -1)).toEqual([
      'output_item.added',
      'content_part.added',
      'output_text.done',
      'content_part.done',
      'output_item.done',
    ]);
  });

  test('ends with what it has delivered, and with its usage', () => {
    const response = finalResponse(
      encode([
        created,
        done({ kind: 'message', channel: 'analysis', text: 'think' }),
        done({ kind: 'message', channel: 'commentary', text: 'I look.' }),
        done(call('exec_command', '{}')),
        completed('tool_calls'),
      ]),
    );
    expect(response).toMatchObject({
      id: 'resp_1',
      status: 'completed',
      model: 'm',
      output: [
        { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'think' }] },
        {
          type: 'message',
          id: 'msg_2',
          phase: 'commentary',
          content: [{ type: 'output_text', text: 'I look.' }],
        },
        { type: 'function_call', id: 'fc_3', call_id: 'call_1', name: 'exec_command', arguments: '{}' },
      ],
      usage: {
        input_tokens: 10,
        input_tokens_details: { cached_tokens: 4 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 2 },
        total_tokens: 15,
      },
    });
    expect(response.output[0]).not.toHaveProperty('encrypted_content');
  });

  test('seals reasoning when it is asked to', () => {
    const { output } = finalResponse(
      encode([created, done({ kind: 'message', channel: 'analysis', text: 'think' }), completed()], {
        body: { include: ['reasoning.encrypted_content'] },
      }),
    );
    expect(output).toMatchObject([{ encrypted_content: expect.stringMatching(/^codexpc1\./) }]);
  });

  test('carries several calls, each with its own id', () => {
    const { sent } = encode([
      created,
      { type: 'tool_call.arguments.delta', callId: 'call_1', name: 'exec_command', text: '{' },
      { type: 'tool_call.arguments.delta', callId: 'call_1', name: 'exec_command', text: '}' },
      done(call('exec_command', '{}')),
      done(call('exec_command', '[]', { callId: 'call_2' })),
      completed('tool_calls'),
    ]);
    const items = sent.flatMap((event) => (event.type === 'response.output_item.done' ? [event] : []));
    expect(items).toMatchObject([
      { output_index: 0, item: { id: 'fc_1', call_id: 'call_1', arguments: '{}' } },
      { output_index: 1, item: { id: 'fc_2', call_id: 'call_2', arguments: '[]' } },
    ]);
  });
});

test('reasoning without a text is left out', () => {
  const { types } = encode([created, done({ kind: 'message', channel: 'analysis', text: '' }), completed()]);
  expect(types).toEqual(['created', 'in_progress', 'completed']);
});

describe('a call', () => {
  test('without arguments has an empty object of them', () => {
    const { sent } = encode([created, done(call('exec_command', '')), completed('tool_calls')]);
    expect(sent.at(-2)).toMatchObject({ item: { arguments: '{}' } });
  });

  test('of a namespace has its name and its namespace apart', () => {
    const { sent } = encode([
      created,
      { type: 'tool_call.arguments.delta', callId: 'call_1', name: 'agents__close', text: '{}' },
      done(call('agents__close', '{}')),
      completed('tool_calls'),
    ]);
    for (const event of sent.filter(({ type }) => type.startsWith('response.output_item')))
      expect(event).toMatchObject({ item: { type: 'function_call', name: 'close', namespace: 'agents' } });
  });

  test('of a freeform tool is a custom_tool_call with its text', () => {
    const { sent, types } = encode([
      created,
      { type: 'tool_call.arguments.delta', callId: 'call_1', name: 'apply_patch', text: '*** Begin' },
      done(call('apply_patch', '*** Begin Patch', { freeform: true })),
      completed('tool_calls'),
    ]);
    expect(types.slice(2, -1)).toEqual([
      'output_item.added',
      'custom_tool_call_input.delta',
      'custom_tool_call_input.done',
      'output_item.done',
    ]);
    expect(sent.at(-2)).toMatchObject({
      item: { type: 'custom_tool_call', id: 'ctc_1', name: 'apply_patch', input: '*** Begin Patch' },
    });
  });

  test('that the daemon answers is told with its output, and not as one to be run', () => {
    const { sent, types } = encode([
      created,
      { type: 'tool_call.arguments.delta', callId: 'call_1', name: 'clock', text: '{}' },
      done(call('clock', '{}', { owner: 'daemon' })),
      done({ kind: 'tool_output', callId: 'call_1', output: 'noon', result: null }),
      completed(),
    ]);
    expect(types.slice(2, -1)).toEqual([
      'output_item.added',
      'mcp_call.in_progress',
      'mcp_call_arguments.done',
      'mcp_call.completed',
      'output_item.done',
    ]);
    expect(sent.at(-2)).toMatchObject({
      item: { type: 'mcp_call', id: 'mcp_1', name: 'clock', arguments: '{}', output: 'noon', error: null },
    });
  });

  test('that had begun as the client’s and then could not be, leaves no gap', () => {
    const { sent, last } = encode([
      created,
      { type: 'tool_call.arguments.delta', callId: 'call_1', name: 'exec_command', text: '{' },
      done(call('exec_command', '{', { owner: 'daemon', guessed: true })),
      done({
        kind: 'tool_output',
        callId: 'call_1',
        output: 'Write it again.',
        result: {
          status: 'refused',
          exitCode: null,
          signal: null,
          durationMs: 0,
          outputBytes: 0,
          truncated: false,
        },
      }),
      done({ kind: 'message', channel: 'final', text: 'Hi' }),
      completed(),
    ]);
    const added = sent.flatMap((event) => (event.type === 'response.output_item.added' ? [event] : []));
    expect(added.map(({ output_index, item }) => [output_index, item.type])).toEqual([
      [0, 'function_call'],
      [1, 'mcp_call'],
      [2, 'message'],
    ]);
    expect(last).toMatchObject({
      response: {
        output: [{ type: 'mcp_call', error: 'Write it again.', output: null }, { type: 'message' }],
      },
    });
  });
});

describe('the end', () => {
  test.each([
    ['length', false, 'response.incomplete', { incomplete_details: { reason: 'max_output_tokens' } }],
    ['cancelled', false, 'response.incomplete', { status: 'incomplete' }],
    ['tool_limit', false, 'response.incomplete', { incomplete_details: {} }],
    ['cancelled', true, 'response.failed', { error: { code: 'rate_limit_exceeded' } }],
  ] as const)('%s (stopping: %s) is %s', (reason, isStopping, type, response) => {
    const encoded = encode([created, completed(reason)], { isStopping });
    expect(encoded.last.type).toBe(type);
    expect(finalResponse(encoded)).toMatchObject(response);
  });

  test.each([
    ['context_overflow', {}, 'context_length_exceeded', /too long/],
    ['request_quarantined', {}, 'invalid_prompt', /too long/],
    ['engine_exited', {}, 'server_error', /too long/],
    ['insufficient_memory', { retryAfterMs: 2100 }, 'rate_limit_exceeded', /try again in 3s/],
  ] as const)('failed with %s is told as Codex understands it', (code, details, apiCode, message) => {
    const { error } = finalResponse(
      encode([created, { type: 'failed', error: { code, message: 'too long', details } }]),
    );
    expect(error).toEqual({ code: apiCode, message: expect.stringMatching(message) });
  });

  test.each([
    ['exec_command', '{"cmd":"rm', { type: 'function_call', arguments: '{"cmd":"rm' }],
    // As a text it could be run as if it were whole.
    ['apply_patch', '*** Begin', { type: 'custom_tool_call', input: '' }],
  ])('closes a call of %s that was cut off, as incomplete', (name, text, item) => {
    const encoded = encode([
      created,
      { type: 'tool_call.arguments.delta', callId: 'call_1', name, text },
      completed('length'),
    ]);
    expect(encoded.sent.at(-2)).toMatchObject({
      type: 'response.output_item.done',
      item: { ...item, status: 'incomplete' },
    });
    expect(finalResponse(encoded).output).toMatchObject([item]);
    expect(encoded.encoder.conversation()).toEqual([]);
  });

  test('leaves nothing done of what a stopping daemon has given up, since it is asked for again', () => {
    const { types } = encode(
      [created, { type: 'output_text.delta', channel: 'final', text: 'Hi' }, completed('cancelled')],
      { isStopping: true },
    );
    expect(types).not.toContain('output_item.done');
  });
});

test('a heartbeat is an event of the sequence', () => {
  const { encoder, last } = encode([created]);
  expect(encoder.heartbeat()).toMatchObject({
    type: 'response.in_progress',
    sequence_number: last.sequence_number + 1,
    response: { status: 'in_progress' },
  });
});

test('the conversation goes on from what was delivered, under flat names', () => {
  const { encoder } = encode([
    created,
    done({ kind: 'message', channel: 'analysis', text: 'think' }),
    done(call('agents__close', '{}')),
    completed('tool_calls'),
  ]);
  expect(encoder.conversation()).toEqual([
    { kind: 'message', role: 'assistant', channel: 'analysis', text: 'think' },
    { kind: 'tool_call', callId: 'call_1', name: 'agents__close', arguments: '{}', freeform: false },
  ]);
});
