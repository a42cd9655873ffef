import { describe, expect, test } from '@jest/globals';
import { statedDate } from '../../../src/ipc/http/conversation-date.js';
import { parseBody, ResponsesBody } from '../../../src/ipc/http/responses-body.js';
import { readResponsesRequest } from '../../../src/ipc/http/responses-request.js';
import { sealReasoning } from '../../../src/ipc/http/sealed-reasoning.js';
import type { JsonObject } from '../../../src/ipc/messages/define.js';
import { Respond } from '../../../src/ipc/messages/respond.js';
import type { ConversationItem } from '../../../src/ipc/protocol.js';
import { createRespond } from '../../../src/ipc/protocol.js';
import { recordedBodies } from '../../fixtures/codex-exchanges.js';

const read = (body: unknown, previous: readonly ConversationItem[] = []) =>
  readResponsesRequest(parseBody(ResponsesBody, body), { checkpoint: null, previous });
const itemsOf = (input: unknown, tools: unknown = []) => read({ input, tools }).options.items;

describe('what Codex sends', () => {
  const names = ['plain', 'tool', 'freeform_patch', 'namespace', 'schema', 'lmstudio'];

  test.each(names)(
    '%s: every request is one the daemon takes, and only its web search is left out',
    (name) => {
      for (const body of recordedBodies(name)) {
        const { options, ignored } = read(body);
        expect(Respond.safeParse(createRespond('r', options)).success).toBe(true);
        expect(new Set([...ignored, 'tool web_search'])).toEqual(new Set(['tool web_search']));
      }
    },
  );

  test.each(names)('%s: later requests extend earlier ones, so that their prompt is a prefix', (name) => {
    const requests = recordedBodies(name).map((body) => read(body).options);
    const turns = requests.filter(({ items }) => items.length > 1);
    for (const [index, later] of turns.entries()) {
      const before = turns[index - 1];
      if (before === undefined) continue;
      expect(later.items.slice(0, before.items.length)).toEqual(before.items);
      expect(later.tools).toEqual(before.tools);
    }
  });

  /** Every place of a value, but not within the schemas of tools. */
  const placesIn = (value: unknown, place: readonly string[] = []): readonly (readonly string[])[] =>
    typeof value !== 'object' || value === null || place.includes('parameters')
      ? []
      : Object.entries(value).flatMap(([key, inner]) => [
          [...place, key],
          ...placesIn(inner, [...place, key]),
        ]);
  const REQUIRED = new Set(['call_id', 'role', 'format.type']);
  const isRequired = (place: readonly string[]): boolean =>
    REQUIRED.has(place.at(-1)!) || REQUIRED.has(place.slice(-2).join('.'));
  type Tree = { [key: string]: Tree };

  test.each(names)('%s: is taken with fields that are null, gone or of a new type', (name) => {
    for (const body of recordedBodies(name)) {
      for (const place of placesIn(body)) {
        const key = place.at(-1)!;
        const isOfList = /^\d+$/.test(key);
        if (isOfList || isRequired(place) || (key === 'name' && place[0] === 'input')) continue;
        for (const change of key === 'type' && place[0] !== 'text'
          ? ['null', 'gone', 'new']
          : ['null', 'gone']) {
          const changed = JSON.parse(JSON.stringify(body)) as Tree;
          const parent = place.slice(0, -1).reduce((inner, step) => inner[step]!, changed);
          if (change === 'gone') delete parent[key];
          else Object.assign(parent, { [key]: change === 'null' ? null : 'brand_new' });
          expect(() => read(changed)).not.toThrow();
        }
      }
    }
  });

  test('is taken with items, parts, tools and fields that nobody knows', () => {
    for (const body of recordedBodies('tool')) {
      const unknown = { type: 'brand_new', id: 'x_1', payload: [null] };
      const input = (body['input'] as JsonObject[]).flatMap((item) => [
        unknown,
        {
          ...item,
          ...(Array.isArray(item['content']) ? { content: [...item['content'], unknown] } : {}),
          extra: 1,
        },
      ]);
      const tools = (body['tools'] as JsonObject[]).flatMap((tool) => [unknown, { ...tool, extra: 1 }]);
      const { options } = read({ ...body, input, tools, extra: { a: [1] } });
      expect(options.tools).toEqual(read(body).options.tools);
      expect(options.items.length).toBe(read(body).options.items.length);
    }
  });

  test('may hold calls whose arguments are an object, or none', () =>
    expect(
      itemsOf([
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: { a: 1 } },
        { type: 'function_call', call_id: 'c2', name: 'f', arguments: null },
        { type: 'custom_tool_call', call_id: 'c3', name: 'g' },
      ]).map((item) => item.kind === 'tool_call' && item.arguments),
    ).toEqual(['{"a":1}', '{}', '']));

  test('brings no id of its own into the prompt', () => {
    const [body] = recordedBodies('plain');
    const items = JSON.stringify(read(body).options);
    expect(items).not.toMatch(/00000000-0000-7000-8000-/);
  });

  test('a freeform patch keeps its grammar, its text and its output', () => {
    const [first, second] = recordedBodies('freeform_patch').map((body) => read(body).options);
    expect(first!.tools).toContainEqual(
      expect.objectContaining({
        kind: 'freeform',
        name: 'apply_patch',
        grammar: { syntax: 'lark', definition: expect.stringMatching(/^start: begin_patch/) },
      }),
    );
    expect(second!.items.slice(-3)).toEqual([
      { kind: 'message', role: 'assistant', channel: 'analysis', text: 'Patch the operator.' },
      expect.objectContaining({ kind: 'tool_call', callId: 'call_1', name: 'apply_patch', freeform: true }),
      expect.objectContaining({ kind: 'tool_output', callId: 'call_1' }),
    ]);
  });

  test('a call of a namespace is the call of its flat name', () => {
    const { options, tools } = read(recordedBodies('namespace').at(-1));
    expect(options.tools!.map(({ name }) => name)).toContain('multi_agent_v1__close_agent');
    expect(options.items).toContainEqual(
      expect.objectContaining({ callId: 'call_3', name: 'multi_agent_v1__close_agent' }),
    );
    expect(tools.called('multi_agent_v1__close_agent')).toEqual({
      name: 'close_agent',
      namespace: 'multi_agent_v1',
      isFreeform: false,
    });
  });

  test('an output schema is the schema of the final message', () => {
    expect(read(recordedBodies('schema')[0]).options.outputSchema).toMatchObject({
      type: 'object',
      required: ['greeting'],
    });
  });

  test('states its date', () => {
    expect(statedDate(read(recordedBodies('plain')[0]).options.items)).toBe('2026-01-02');
  });
});

describe('input', () => {
  test('may be a text', () =>
    expect(itemsOf('Hi')).toEqual([{ kind: 'message', role: 'user', text: 'Hi', channel: null }]));

  test('may leave the type of a message out', () =>
    expect(itemsOf([{ role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] }])).toEqual([
      { kind: 'message', role: 'assistant', text: 'Hi', channel: 'final' },
    ]));

  test('keeps a preamble apart from an answer', () =>
    expect(itemsOf([{ role: 'assistant', phase: 'commentary', content: 'I look.' }])).toMatchObject([
      { channel: 'commentary' },
    ]));

  test('names what the model cannot see, in messages and in tool outputs', () => {
    const image = { type: 'input_image', image_url: 'data:image/png;base64,AAAA' };
    const items = itemsOf([
      { role: 'user', content: [{ type: 'input_text', text: 'Look:' }, image] },
      { type: 'function_call_output', call_id: 'c', output: [image] },
    ]);
    expect(items).toEqual([
      expect.objectContaining({ text: expect.stringMatching(/^Look:\n\[an image was attached here/) }),
      expect.objectContaining({ output: expect.stringMatching(/^\[an image/) }),
    ]);
    expect(JSON.stringify(items)).not.toContain('AAAA');
  });

  test.each([
    [{ content: [{ type: 'reasoning_text', text: 'think' }] }, 'think'],
    [{ encrypted_content: sealReasoning('think: “ü”') }, 'think: “ü”'],
    [{ content: [{ type: 'reasoning_text', text: 'think' }], encrypted_content: 'gAAAAB' }, 'think'],
  ])('takes reasoning back as analysis: %j', (item, text) =>
    expect(itemsOf([{ type: 'reasoning', summary: [], ...item }])).toEqual([
      { kind: 'message', role: 'assistant', channel: 'analysis', text },
    ]),
  );

  test('takes a call back that the daemon answered', () =>
    expect(
      itemsOf([
        { type: 'mcp_call', id: 'mcp_1', name: 'clock', arguments: '{}', output: 'noon', error: null },
      ]),
    ).toEqual([
      { kind: 'tool_call', callId: 'mcp_1', name: 'clock', arguments: '{}', freeform: false },
      { kind: 'tool_output', callId: 'mcp_1', output: 'noon' },
    ]));

  test('leaves out, by name, what belongs to other servers', () => {
    const { options, ignored } = read({
      input: [
        { type: 'web_search_call', id: 'ws_1' },
        { type: 'compaction', encrypted_content: 'x' },
        { type: 'reasoning', summary: [], encrypted_content: 'gAAAAB' },
        { role: 'user', content: 'Hi' },
      ],
    });
    expect(options.items).toHaveLength(1);
    expect(ignored).toEqual(['item web_search_call', 'item compaction', 'item reasoning']);
  });

  test('says which item does not fit', () => {
    expect(() =>
      itemsOf([
        { role: 'user', content: 'Hi' },
        { type: 'function_call', name: 'f' },
      ]),
    ).toThrow(/input\[1\]\.call_id/);
    expect(() => itemsOf([{ role: 'robot', content: 'Hi' }])).toThrow(/input\[0\]\.role/);
  });

  test('goes on from the conversation before it', () => {
    const previous: ConversationItem[] = [{ kind: 'message', role: 'user', text: 'one', channel: null }];
    expect(read({ input: 'two' }, previous).options.items).toMatchObject([{ text: 'one' }, { text: 'two' }]);
  });

  test('may bring tools of its own', () =>
    expect(
      read({
        input: [
          { type: 'additional_tools', tools: [{ type: 'function', name: 'f' }] },
          { role: 'user', content: 'Hi' },
        ],
      }).options,
    ).toMatchObject({ tools: [{ name: 'f' }], items: [{ text: 'Hi' }] }));
});

describe('tools', () => {
  const f = {
    type: 'function',
    name: 'f',
    description: 'does f',
    parameters: { type: 'object' },
    strict: true,
  };
  const g = { type: 'custom', name: 'g', format: { type: 'text' } };

  test('of kinds that nobody here runs are left out', () => {
    const { options, ignored } = read({
      input: '',
      tools: [f, { type: 'web_search' }, { type: 'file_search' }, {}],
    });
    expect(options.tools).toEqual([
      { kind: 'function', name: 'f', description: 'does f', parameters: { type: 'object' }, strict: true },
    ]);
    expect(ignored).toEqual(['tool web_search', 'tool file_search', 'tool without a type']);
  });

  test('of two namespaces never share a name', () => {
    const { tools } = read({
      input: '',
      tools: [
        { type: 'function', name: 'a__f' },
        { type: 'namespace', name: 'a', tools: [f] },
      ],
    });
    expect(tools.tools.map(({ name }) => name)).toEqual(['a__f', 'a__f_2']);
    expect(tools.called('a__f_2')).toMatchObject({ name: 'f', namespace: 'a' });
    expect(tools.flatName('f', 'a')).toBe('a__f_2');
  });

  test.each([
    ['auto', ['f', 'g'], 'auto'],
    ['none', ['f', 'g'], 'none'],
    ['required', ['f', 'g'], 'required'],
    [{ type: 'function', name: 'f' }, ['f', 'g'], { name: 'f' }],
    [{ type: 'custom', name: 'g' }, ['f', 'g'], { name: 'g' }],
    [{ type: 'web_search_preview' }, ['f', 'g'], 'auto'],
    [{ type: 'allowed_tools', mode: 'auto', tools: [{ type: 'function', name: 'f' }] }, ['f'], 'auto'],
    [{ type: 'allowed_tools', mode: 'required', tools: [{ type: 'custom', name: 'g' }] }, ['g'], 'required'],
  ])('tool_choice %j', (tool_choice, names, toolChoice) => {
    const { options } = read({ input: '', tools: [f, g], tool_choice });
    expect(options.tools!.map(({ name }) => name)).toEqual(names);
    expect(options.toolChoice).toEqual(toolChoice);
  });

  test.each([{ type: 'function', name: 'nobody' }, { type: 'custom', name: 'nobody' }, { type: 'function' }])(
    'tool_choice %j names no tool and is refused',
    (tool_choice) =>
      expect(() => read({ input: '', tools: [f, g], tool_choice })).toThrow(
        expect.objectContaining({
          code: 'invalid_request',
          details: expect.objectContaining({ param: 'tool_choice' }) as object,
        }) as unknown as Error,
      ),
  );
});

describe('options', () => {
  test.each([
    ['none', 'low'],
    ['minimal', 'low'],
    ['low', 'low'],
    ['medium', 'medium'],
    ['high', 'high'],
    ['xhigh', 'high'],
    [undefined, 'medium'],
    ['unheard-of', 'medium'],
  ])('effort %s is %s', (effort, expected) =>
    expect(read({ input: '', reasoning: { effort } }).options.reasoningEffort).toBe(expected),
  );

  test('are handed on', () =>
    expect(
      read({ input: '', max_output_tokens: 7, temperature: 0.5, top_p: 0.9, instructions: 'Be brief.' })
        .options,
    ).toMatchObject({ maxTokens: 7, sampling: { temperature: 0.5, topP: 0.9 }, instructions: 'Be brief.' }));

  test.each([
    { background: true },
    { conversation: 'conv_1' },
    { prompt: { id: 'p' } },
    { top_logprobs: 3 },
    { text: { format: { type: 'xml' } } },
  ])('that would be silently lost are refused: %j', (body) =>
    expect(() => read({ input: '', ...body })).toThrow(
      expect.objectContaining({ code: 'unsupported_option' }),
    ),
  );

  test.each([
    [{ input: 7 }, 'input'],
    [{ temperature: 'hot' }, 'temperature'],
    [{ tools: {} }, 'tools'],
    [{ max_output_tokens: 0 }, 'max_output_tokens'],
    [{ stream: 'yes' }, 'stream'],
    ['no object', ''],
    [null, ''],
  ])('of a wrong shape are named: %j', (body, param) => {
    const problem = (): unknown => {
      try {
        return parseBody(ResponsesBody, body);
      } catch (error) {
        return error;
      }
    };
    expect(problem()).toMatchObject({ code: 'invalid_request', details: { status: 400, param } });
  });
});
