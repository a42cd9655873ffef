import { describe, expect, test } from '@jest/globals';
import { Conversation } from '../../src/client/index.js';

describe('Conversation', () => {
  test('puts the system message first, whenever it is given', () => {
    const { items } = Conversation.empty.user('hello').system('You are terse.').request();
    expect(items.map((item) => item.kind === 'message' && item.role)).toEqual(['system', 'user']);
  });

  test('has a developer part only with instructions or tools', () => {
    expect(Conversation.empty.instructions('  \n').user('hello').request()).toMatchObject({
      instructions: null,
      tools: [],
    });
    expect(Conversation.empty.user('hello').instructions('Be kind.').request().instructions).toBe('Be kind.');
    expect(Conversation.empty.tool({ name: 'ls' }).request().tools).toHaveLength(1);
  });

  test('one beginning has several continuations', () => {
    const beginning = Conversation.empty.user('hello');
    const one = beginning.assistant('hi').user('one');
    expect(beginning.user('two').request().items).toHaveLength(2);
    expect(one.request().items).toHaveLength(3);
    expect(beginning.request().items).toHaveLength(1);
  });

  test('takes an answer with its reasoning, calls and outputs', () => {
    const { items } = Conversation.empty
      .user('list')
      .answer({
        items: [
          { kind: 'message', channel: 'analysis', text: 'I need ls' },
          {
            kind: 'tool_call',
            callId: '1',
            name: 'ls',
            arguments: '{}',
            freeform: false,
            owner: 'client',
            declared: true,
            guessed: false,
          },
        ],
      })
      .toolOutput('1', 'a.txt')
      .request();
    expect(items.slice(1)).toEqual([
      { kind: 'message', role: 'assistant', channel: 'analysis', text: 'I need ls' },
      { kind: 'tool_call', callId: '1', name: 'ls', arguments: '{}', freeform: false },
      { kind: 'tool_output', callId: '1', output: 'a.txt' },
    ]);
  });
});
