// The OpenAI SDK with the Responses API, streamed and not.

import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodTextFormat } from 'openai/helpers/zod';
import * as z from 'zod';

const client = new OpenAI();
const model = 'gpt-oss-20b';
const weather = {
  name: 'weather',
  description: 'The weather of a city.',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
  strict: true,
};

const plain = await client.responses.create({ model, input: 'Hi' });
assert.equal(plain.output_text, 'Hello from the model.');
assert.equal(plain.status, 'completed');
assert.ok(plain.usage.input_tokens > 0 && plain.usage.output_tokens > 0);

const types = [];
let streamed = '';
const stream = client.responses.stream({ model, input: 'Hi' });
for await (const event of stream) {
  types.push(event.type);
  if (event.type === 'response.output_text.delta') streamed += event.delta;
}
assert.equal(streamed, 'Hello from the model.');
assert.equal(types[0], 'response.created');
assert.equal(types.at(-1), 'response.completed');
assert.equal((await stream.finalResponse()).output_text, streamed);

const tools = [{ type: 'function', ...weather }];
const asked = [{ role: 'user', content: 'Weather in Oslo?' }];
const called = await client.responses.create({ model, input: asked, tools, store: false });
const call = called.output.find(({ type }) => type === 'function_call');
assert.deepEqual([call.name, JSON.parse(call.arguments)], ['weather', { city: 'Oslo' }]);
assert.ok(called.output.some(({ type }) => type === 'reasoning'));
const output = { type: 'function_call_output', call_id: call.call_id, output: 'sunny' };
const answered = await client.responses.create({
  model,
  input: [...asked, ...called.output, output],
  tools,
  store: false,
});
assert.equal(answered.output_text, 'It is sunny in Oslo.');

const first = await client.responses.create({ model, input: 'Hi', store: true });
const second = await client.responses.create({ model, input: 'Again', previous_response_id: first.id });
assert.ok(second.usage.input_tokens > first.usage.input_tokens);

const Person = z.object({ name: z.string(), age: z.number() });
const parsed = await client.responses.parse({
  model,
  input: 'Extract the person.',
  text: { format: zodTextFormat(Person, 'person') },
});
assert.deepEqual(parsed.output_parsed, { name: 'Ada', age: 36 });

await assert.rejects(client.responses.create({ model: 'no-such-model', input: 'Hi' }), OpenAI.NotFoundError);
