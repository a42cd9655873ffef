import { describe, expect, test } from '@jest/globals';
import { conversationOf } from '../../src/actors/conversation-items.js';
import { createRespond, type RespondOptions } from '../../src/ipc/protocol.js';

const of = (options: RespondOptions) => conversationOf(createRespond('r', options), '2026-01-02').messages;
const message = (role: 'system' | 'developer' | 'user' | 'assistant', text: string) =>
  ({ kind: 'message', role, text, channel: null }) as const;

describe('conversationOf', () => {
  test('a plain question has no developer message', () => {
    expect(of({ items: [message('user', 'hi')] }).map(({ role }) => role)).toEqual(['system', 'user']);
  });

  test('the request pins the date, else it is today', () => {
    const dateOf = (options: Partial<RespondOptions>) => of({ items: [], ...options })[0]!.content[0];
    expect(dateOf({})).toMatchObject({ conversationStartDate: '2026-01-02' });
    expect(dateOf({ currentDate: '2025-12-31' })).toMatchObject({ conversationStartDate: '2025-12-31' });
  });

  test('instructions and what leads the conversation are one developer message, with the tools', () => {
    const tools = [{ name: 'look', description: 'Looks.', parameters: null }];
    const messages = of({
      instructions: 'Be brief.',
      tools,
      items: [message('system', 'Be kind.'), message('developer', 'Be right.'), message('user', 'hi')],
    });
    expect(messages.map(({ role }) => role)).toEqual(['system', 'developer', 'user']);
    expect(messages[1]!.content).toMatchObject([
      {
        instructions: 'Be brief.\n\nBe kind.\n\nBe right.',
        tools: { functions: { tools: [{ name: 'look' }] } },
      },
    ]);
  });

  test('a later developer message stays where it is', () => {
    const messages = of({ items: [message('user', 'hi'), message('developer', 'Now in French.')] });
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'developer']);
  });

  test('a call and its output find each other', () => {
    const messages = of({
      items: [
        message('user', 'look'),
        { kind: 'tool_call', callId: 'c1', name: 'look', arguments: '{}' },
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

  test('an assistant message without a channel is final', () => {
    expect(of({ items: [message('user', 'a'), message('assistant', 'b')] })[2]).toMatchObject({
      channel: 'final',
    });
  });
});
