// What gpt-oss's own compatibility test asks of a server (compatibility-test/ in github.com/openai/gpt-oss), by the OpenAI
// Agents SDK over both APIs, streamed and not: a tool that is not strict is called with arguments that fit its schema, and
// the model's reasoning is where the test looks for it.

import assert from 'node:assert/strict';
import {
  Agent,
  OpenAIChatCompletionsModel,
  OpenAIResponsesModel,
  Runner,
  setTracingDisabled,
  tool,
} from '@openai/agents';
import OpenAI from 'openai';

setTracingDisabled(true);
const client = new OpenAI();
const model = 'gpt-oss-20b';
const toolOf = (name, parameters, output) =>
  tool({ name, description: name, parameters, strict: false, execute: () => Promise.resolve(output) });
const agent = new Agent({
  name: 'get_weather',
  tools: [
    toolOf(
      'weather',
      {
        type: 'object',
        properties: { city: { type: 'string', description: 'The city' } },
        required: ['city'],
        additionalProperties: false,
      },
      '{"weather":"sunny"}',
    ),
    toolOf('get_system_health', { type: 'object', properties: {} }, '{"status":"ok"}'),
  ],
});

const checkReasoning = (api, { providerData }) => {
  if (api === 'chat') {
    const { reasoning, reasoning_content: same } = providerData.choices[0].message;
    assert.ok(reasoning.length > 0);
    assert.equal(same, reasoning);
    return;
  }
  const items = providerData.output.filter(({ type }) => type === 'reasoning');
  assert.equal(items.length, 1);
  for (const { content, summary } of items) {
    assert.deepEqual(summary, []);
    assert.ok(content.length > 0);
    assert.ok(content.every(({ type, text }) => type === 'reasoning_text' && text.length > 0));
  }
};

const checkEvents = (api, events) => {
  if (api === 'chat') {
    // The test looks into the first choice of every chunk until it has seen reasoning.
    const first = events.findIndex(({ choices }) => choices[0].delta.reasoning?.length > 0);
    assert.ok(first >= 0);
    return;
  }
  const types = events.map(({ type }) => type);
  assert.ok(types.includes('response.reasoning_text.delta'));
  assert.ok(types.includes('response.reasoning_text.done'));
  const doneOf = types.filter((type) => type === 'response.output_item.done');
  assert.equal(doneOf.length, types.filter((type) => type === 'response.output_item.added').length);
};

const checkCall = (newItems, name, expected) => {
  const call = newItems.find(({ type }) => type === 'tool_call_item');
  assert.equal(call.rawItem.type, 'function_call');
  assert.equal(call.rawItem.name, name);
  assert.deepEqual(JSON.parse(call.rawItem.arguments), expected);
};

for (const [question, name, expected] of [
  ['Weather in Oslo?', 'weather', { city: 'Oslo' }],
  ['Status report please.', 'get_system_health', {}],
]) {
  for (const [api, made] of [
    ['responses', new OpenAIResponsesModel(client, model)],
    ['chat', new OpenAIChatCompletionsModel(client, model)],
  ]) {
    const runner = new Runner({ model: made });

    const whole = await runner.run(agent, question, { maxTurns: 10 });
    checkCall(whole.newItems, name, expected);
    checkReasoning(api, whole.rawResponses[0]);

    const streamed = await runner.run(agent, question, { stream: true, maxTurns: 10 });
    const events = [];
    for await (const event of streamed)
      if (event.type === 'raw_model_stream_event' && event.data.type === 'model')
        events.push(event.data.event);
    await streamed.completed;
    checkCall(streamed.newItems, name, expected);
    checkEvents(api, events);
  }
}
