import { describe, expect, test } from '@jest/globals';
import { buildConversation, declaredTools } from '../../src/harmony/build-conversation.js';
import type { Conversation, Message, Role } from '../../src/harmony/conversation.js';
import { createRenderer, stablePrefixLength, stopTokens, type Rendered } from '../../src/harmony/renderer.js';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import { fromCrate } from './crate-conversation.js';
import { loadO200k, truncate } from './o200k.js';
import { officialPrompt, renderCases, type RenderCase } from './vectors.js';

const tokenizer = createTokenizer(loadO200k());
const renderer = createRenderer({ tokenizer });

const say = (role: Role, text: string, more: Partial<Message> = {}): Message => ({
  role,
  ...more,
  content: [{ type: 'text', text }],
});
const textOf = ({ tokens }: Rendered): string => tokenizer.decode(tokens);

const render = ({ mode, next_role, auto_drop_analysis, conversation }: RenderCase): Rendered => {
  const options = { autoDropAnalysis: auto_drop_analysis ?? false };
  const ours = fromCrate(conversation);
  if (mode === 'training') return renderer.renderForTraining(ours, options);
  if (mode === 'conversation') return renderer.renderConversation(ours, options);
  return renderer.renderCompletionPrompt(ours, { ...options, nextRole: next_role ?? 'assistant' });
};

describe('the renderer and the official one', () => {
  test.each(renderCases().map((vector) => [vector.id, vector] as const))(
    'agree token for token: %s',
    (_, vector) => {
      if (vector.expect.error === undefined) {
        const rendered = render(vector);
        expect(textOf(rendered)).toBe(vector.expect.text);
        expect(rendered.tokens).toEqual(vector.expect.tokens);
      } else {
        expect(() => render(vector)).toThrow(
          expect.objectContaining({ code: 'invalid_request', message: vector.expect.error }),
        );
      }
    },
  );

  test('print the same first prompt for a plain question', () => {
    const messages = [say('user', 'What is the capital of the largest country in the world?')];
    const prompt = textOf(renderer.renderCompletionPrompt(buildConversation({ messages })));
    const official = officialPrompt('test_simple_convo_medium_effort_no_instruction');
    // The official prompt offers commentary; ours does so only when there are tools.
    expect(prompt).toBe(official.replace('analysis, commentary, final', 'analysis, final'));
  });
});

describe('prefix stability', () => {
  const question = say('user', 'Where is it?');
  const thought = say('assistant', 'I look.', { channel: 'analysis' });
  const call = say('assistant', '{}', {
    channel: 'commentary',
    recipient: 'functions.f',
    contentType: '<|constrain|>json',
  });
  const output = say('tool', 'There.', {
    name: 'functions.f',
    recipient: 'assistant',
    channel: 'commentary',
  });
  const answer = say('assistant', 'It is there.', { channel: 'final' });
  const turns = [
    question,
    thought,
    call,
    output,
    answer,
    question,
    thought,
    call,
    output,
    thought,
    answer,
    question,
  ];
  const prefix = (length: number): Rendered =>
    renderer.renderConversation({ messages: turns.slice(0, length) });

  test('earlier tokens stay while messages are appended, except where analysis is dropped', () => {
    for (let length = 1; length < turns.length; length++) {
      const before = prefix(length);
      const after = prefix(length + 1);
      // A tool loop that begins after an answer brings the dropped analysis back: the format wants it so.
      const stable = Math.min(
        before.tokens.length,
        before.changedFrom ?? Infinity,
        after.changedFrom ?? Infinity,
      );
      const isSameDrop = before.changedFrom === after.changedFrom;
      const kept = stablePrefixLength(before.tokens, after.tokens);
      expect([length, kept >= (isSameDrop ? before.tokens.length : stable)]).toEqual([length, true]);
    }
  });

  test('says from which token on a dropped analysis changed the prompt', () => {
    const { changedFrom, dropped, messageStarts, tokens } = prefix(5);
    expect(dropped).toEqual([1]);
    expect(changedFrom).toBe(messageStarts[1]);
    expect(messageStarts[1]).toBe(messageStarts[2]); // nothing is left of it
    expect(stablePrefixLength(prefix(4).tokens, tokens)).toBe(changedFrom! + 2); // <|start|>assistant begins the call too
    expect(prefix(4)).toMatchObject({ dropped: [], changedFrom: null });
  });

  test('a model’s own tokens continue the prompt they answered', () => {
    const prompt = renderer.renderCompletionPrompt({ messages: turns.slice(0, 1) });
    const next = prefix(4).tokens;
    expect(stablePrefixLength(prompt.tokens, next)).toBe(prompt.tokens.length);
  });
});

describe('rendering with a cache', () => {
  test('gives the same tokens with no room, little room and the same objects again', () => {
    const conversation = fromCrate(
      renderCases().find(({ id }) => id === 'fn-documented-example')!.conversation,
    );
    const first = renderer.renderCompletionPrompt(conversation).tokens;
    for (const cachedTokens of [0, 200, 1000]) {
      const small = createRenderer({ tokenizer, cachedTokens });
      for (let i = 0; i < 3; i++) expect(small.renderCompletionPrompt(conversation).tokens).toEqual(first);
    }
  });

  test('notices that tools came to the conversation after its system message was rendered', () => {
    const [system, developer] = buildConversation({ tools: [{ name: 'f', description: '' }], messages: [] })
      .messages as [Message, Message];
    const count = (conversation: Conversation): number =>
      textOf(renderer.renderConversation(conversation)).split('Calls to these tools').length - 1;
    expect([
      count({ messages: [system] }),
      count({ messages: [system, developer] }),
      count({ messages: [system] }),
    ]).toEqual([0, 1, 0]);
  });
});

describe('a truncated vocabulary', () => {
  test('is rendered with its own marker ids', () => {
    const small = createTokenizer(truncate(loadO200k(), 4096));
    const { tokens } = createRenderer({ tokenizer: small }).renderCompletionPrompt({
      messages: [say('user', 'Hi <|end|>')],
    });
    expect(tokens[0]).toBe(small.specialTokens.get('<|start|>'));
    expect(tokens.filter((id) => id === small.specialTokens.get('<|end|>'))).toHaveLength(1);
    expect(stopTokens(small)).toEqual([
      small.specialTokens.get('<|return|>'),
      small.specialTokens.get('<|call|>'),
    ]);
    expect(small.decode(tokens)).toBe('<|start|>user<|message|>Hi <|end|><|end|><|start|>assistant');
  });
});

describe('buildConversation', () => {
  const textWith = (request: Parameters<typeof buildConversation>[0]): string =>
    textOf(renderer.renderConversation(buildConversation(request)));
  const tools = [{ name: 'shell', description: 'Runs.', parameters: { type: 'object', properties: {} } }];

  test('offers commentary only when there is a tool to call', () => {
    expect(textWith({ messages: [] })).toContain('# Valid channels: analysis, final. Channel must');
    expect(textWith({ messages: [], instructions: 'Be brief.' })).toContain(
      '# Valid channels: analysis, final. Channel must',
    );
    expect(textWith({ messages: [], tools })).toContain(
      '# Valid channels: analysis, commentary, final. Channel must',
    );
    expect(textWith({ messages: [], builtinTools: { python: { name: 'python', tools: [] } } })).toContain(
      'analysis, commentary, final',
    );
  });

  test('writes a developer message only when there is something to say', () => {
    const roles = (request: Parameters<typeof buildConversation>[0]): string[] =>
      buildConversation(request).messages.map(({ role }) => role);
    const user = say('user', 'Hi');
    expect(roles({ messages: [user] })).toEqual(['system', 'user']);
    expect(roles({ messages: [user], instructions: '', tools: [] })).toEqual(['system', 'user']);
    expect(roles({ messages: [user], instructions: 'Be brief.' })).toEqual(['system', 'developer', 'user']);
    expect(roles({ messages: [user], tools })).toEqual(['system', 'developer', 'user']);
  });

  test('states a date only if it is given one', () => {
    expect(textWith({ messages: [] })).not.toContain('Current date');
    expect(textWith({ messages: [], date: '2026-11-22' })).toContain('Current date: 2026-11-22\n');
  });

  test('declares every tool by the name a call uses', () => {
    const conversation = buildConversation({
      messages: [],
      tools,
      namespaces: { web: { name: 'web', tools: [{ name: 'open', description: '' }] } },
      builtinTools: { python: { name: 'python', tools: [] } },
    });
    expect(declaredTools(conversation).sort()).toEqual(['functions.shell', 'python', 'web.open']);
  });
});
