// The OpenAI SDK with Chat Completions, streamed and not.

import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
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

const chat = await client.chat.completions.create({ model, messages: [{ role: 'user', content: 'Hi' }] });
assert.equal(chat.choices[0].message.content, 'Hello from the model.');
let chatted = '';
for await (const chunk of await client.chat.completions.create({
  model,
  messages: [{ role: 'user', content: 'Hi' }],
  stream: true,
})) {
  chatted += chunk.choices[0]?.delta.content ?? '';
}
assert.equal(chatted, 'Hello from the model.');
const chatCall = await client.chat.completions.create({
  model,
  messages: [{ role: 'user', content: 'Weather in Oslo?' }],
  tools: [{ type: 'function', function: weather }],
});
assert.equal(chatCall.choices[0].finish_reason, 'tool_calls');
assert.equal(chatCall.choices[0].message.tool_calls[0].function.name, 'weather');

const parsed = await client.chat.completions.parse({
  model,
  messages: [{ role: 'user', content: 'Extract the person.' }],
  response_format: zodResponseFormat(z.object({ name: z.string(), age: z.number() }), 'person'),
});
assert.deepEqual(parsed.choices[0].message.parsed, { name: 'Ada', age: 36 });
