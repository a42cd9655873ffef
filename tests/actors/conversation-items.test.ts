import { describe, expect, test } from '@jest/globals';
import { conversationOf } from '../../src/actors/conversation-items.js';
import { checkTools } from '../../src/actors/offered-tools.js';
import type { OfferedTool } from '../../src/actors/tools/tool.js';
import { createRespond, type RespondOptions } from '../../src/ipc/protocol.js';

const of = (options: RespondOptions, builtins: readonly OfferedTool[] = []) =>
  conversationOf({ request: createRespond('r', options), builtins, today: '2026-01-02' }).messages;
const message = (role: 'system' | 'developer' | 'user' | 'assistant', text: string) =>
  ({ kind: 'message', role, text, channel: null }) as const;

const look = {
  kind: 'function',
  name: 'look',
  description: 'Looks.',
  parameters: null,
  strict: false,
} as const;
const edit = {
  kind: 'freeform',
  name: 'edit',
  description: 'Edits.',
  grammar: { syntax: 'lark', definition: 'start: "a"+\n' },
} as const;

describe('conversationOf', () => {
  test('a plain question has no developer message', () => {
    expect(of({ items: [message('user', 'hi')] }).map(({ role }) => role)).toEqual(['system', 'user']);
  });

  test('the request pins the date, else it is today', () => {
    const dateOf = (options: Partial<RespondOptions>) => of({ items: [], ...options })[0]!.content[0];
    expect(dateOf({})).toMatchObject({ conversationStartDate: '2026-01-02' });
    expect(dateOf({ currentDate: '2025-12-31' })).toMatchObject({ conversationStartDate: '2025-12-31' });
  });

  test('the tools are with what comes first; what differs between conversations follows in messages of its own', () => {
    const tools = [look];
    const messages = of({
      instructions: 'Be brief.',
      tools,
      items: [message('system', 'Be kind.'), message('developer', 'Be right.'), message('user', 'hi')],
    });
    expect(messages.map(({ role }) => role)).toEqual([
      'system',
      'developer',
      'developer',
      'developer',
      'user',
    ]);
    expect(messages.slice(1, 4).map(({ content }) => content[0])).toMatchObject([
      { instructions: 'Be brief.', tools: { functions: { tools: [{ name: 'look' }] } } },
      { instructions: 'Be kind.' },
      { instructions: 'Be right.' },
    ]);
  });

  test('reasoning is left out once it has led to an answer, also while a later tool loop runs', () => {
    const assistant = (channel: 'analysis' | 'final', text: string) =>
      ({ kind: 'message', role: 'assistant', text, channel }) as const;
    const call = { kind: 'tool_call', callId: 'c', name: 'look', arguments: '{}', freeform: false } as const;
    const messages = of({
      items: [
        message('user', 'one'),
        assistant('analysis', 'settled'),
        assistant('final', 'first'),
        message('user', 'two'),
        assistant('analysis', 'settled too'),
        assistant('final', 'second'),
        message('user', 'three'),
        assistant('analysis', 'going on'),
        call,
        { kind: 'tool_output', callId: 'c', output: 'seen' },
      ],
    });
    const thoughts = messages.filter(({ channel }) => channel === 'analysis');
    expect(thoughts.map(({ content }) => content[0])).toEqual([{ type: 'text', text: 'going on' }]);
  });

  test('a later developer message stays where it is', () => {
    const messages = of({ items: [message('user', 'hi'), message('developer', 'Now in French.')] });
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'developer']);
  });

  test('a call and its output find each other', () => {
    const messages = of({
      items: [
        message('user', 'look'),
        { kind: 'tool_call', callId: 'c1', name: 'look', arguments: '{}', freeform: false },
        { kind: 'tool_output', callId: 'c1', output: 'a door' },
      ],
    });
    expect(messages.slice(2)).toMatchObject([
      {
        role: 'assistant',
        recipient: 'functions.look',
        channel: 'commentary',
        contentType: '<|constrain|>json',
      },
      { role: 'tool', name: 'functions.look', recipient: 'assistant', content: [{ text: 'a door' }] },
    ]);
  });

  test('tools that may not be chosen are not offered', () => {
    const messages = of({ items: [message('user', 'hi')], tools: [look], toolChoice: 'none' });
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user']);
  });

  test('a freeform tool is a function of a string, and its grammar is told', () => {
    const [, developer] = of({ items: [], tools: [edit] });
    expect(developer!.content).toMatchObject([
      {
        tools: {
          functions: {
            tools: [
              {
                name: 'edit',
                parameters: { type: 'string' },
                description: expect.stringMatching(
                  /^Edits\.\n.*not with JSON.*Lark grammar:\nstart: "a"\+$/s,
                ),
              },
            ],
          },
        },
      },
    ]);
  });

  test('a freeform call is shown as raw text', () => {
    const messages = of({
      items: [
        message('user', 'edit'),
        { kind: 'tool_call', callId: 'c1', name: 'edit', arguments: 'aa', freeform: true },
      ],
    });
    expect(messages.at(-1)).toMatchObject({
      recipient: 'functions.edit',
      contentType: 'code',
      content: [{ text: 'aa' }],
    });
  });

  test('the schema of the answer follows the instructions', () => {
    const [, developer] = of({ items: [], instructions: 'Be brief.', outputSchema: { type: 'object' } });
    expect(developer!.content).toMatchObject([
      { instructions: 'Be brief.\n\n# Response Formats\n\n## final_answer\n\n{"type":"object"}' },
    ]);
  });

  describe('a tool that the model was trained with', () => {
    const python: OfferedTool = {
      name: 'python',
      description: 'Runs Python.',
      parameters: null,
      grammar: null,
      harmony: 'builtin',
    };

    test('is described in the system message, and needs no developer message', () => {
      const messages = of({ items: [message('user', 'hi')] }, [python]);
      expect(messages.map(({ role }) => role)).toEqual(['system', 'user']);
      expect(messages[0]!.content).toMatchObject([
        {
          tools: { python: { name: 'python', description: 'Runs Python.', tools: [] } },
          channelConfig: { validChannels: ['analysis', 'commentary', 'final'] },
        },
      ]);
    });

    test('is called and answers on the analysis channel, by its bare name', () => {
      const items = [
        message('user', 'count'),
        { kind: 'tool_call', callId: 'c1', name: 'python', arguments: '1 + 1', freeform: true },
        { kind: 'tool_output', callId: 'c1', output: '2' },
      ] as const;
      expect(of({ items: [...items] }, [python]).slice(2)).toEqual([
        {
          role: 'assistant',
          recipient: 'python',
          channel: 'analysis',
          contentType: 'code',
          content: [{ type: 'text', text: '1 + 1' }],
        },
        {
          role: 'tool',
          name: 'python',
          recipient: 'assistant',
          channel: 'analysis',
          content: [{ type: 'text', text: '2' }],
        },
      ]);
      expect(of({ items: [...items] }).at(-1)).toMatchObject({ name: 'functions.python' });
    });
  });

  test('an assistant message without a channel is final', () => {
    expect(of({ items: [message('user', 'a'), message('assistant', 'b')] })[2]).toMatchObject({
      channel: 'final',
    });
  });
});

describe('checkTools', () => {
  test.each([
    ['two tools of one name', { tools: [look, { ...edit, name: 'look' }] }, /two tools are named "look"/],
    ['a call that no tool can take', { toolChoice: 'required' }, /there are no tools/],
    [
      'a choice of what is not offered',
      { tools: [look], toolChoice: { name: 'edit' } },
      /"edit".*none of the tools/,
    ],
  ] as const)('refuses %s', (_, options, message) => {
    const request = createRespond('r', { items: [], ...options });
    expect(() => checkTools(request)).toThrow(
      expect.objectContaining({ code: 'invalid_request', message: expect.stringMatching(message) }),
    );
  });
});
