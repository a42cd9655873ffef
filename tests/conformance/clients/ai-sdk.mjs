// The AI SDK with its OpenAI provider, over the API that the argument names: text, streaming, a tool loop, an object.

import assert from 'node:assert/strict';
import { createOpenAI } from '@ai-sdk/openai';
import { generateText, Output, stepCountIs, streamText, tool } from 'ai';
import * as z from 'zod';

const openai = createOpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: 'unused' });

const model = process.argv[2] === 'chat' ? openai.chat('gpt-oss-20b') : openai.responses('gpt-oss-20b');

const { text, usage } = await generateText({ model, prompt: 'Hi' });
assert.equal(text, 'Hello from the model.');
assert.ok(usage.inputTokens > 0);

let streamed = '';
for await (const delta of streamText({ model, prompt: 'Hi' }).textStream) streamed += delta;
assert.equal(streamed, 'Hello from the model.');

const cities = [];
const forecast = await generateText({
  model,
  prompt: 'Weather in Oslo?',
  stopWhen: stepCountIs(3),
  tools: {
    weather: tool({
      description: 'The weather of a city.',
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => {
        cities.push(city);
        return 'sunny';
      },
    }),
  },
});
assert.deepEqual(cities, ['Oslo']);
assert.equal(forecast.text, 'It is sunny in Oslo.');

const { output } = await generateText({
  model,
  prompt: 'Extract the person.',
  output: Output.object({ schema: z.object({ name: z.string(), age: z.number() }) }),
});
assert.deepEqual(output, { name: 'Ada', age: 36 });
