// The OpenAI Agents SDK: a tool that it runs itself, streaming, structured output.

import assert from 'node:assert/strict';
import { Agent, run, setTracingDisabled, tool } from '@openai/agents';
import * as z from 'zod';

setTracingDisabled(true);
const model = 'gpt-oss-20b';
let numCalls = 0;
const weather = tool({
  name: 'weather',
  description: 'The weather of a city.',
  parameters: z.object({ city: z.string() }),
  execute: ({ city }) => {
    numCalls += 1;
    return `sunny in ${city}`;
  },
});

const agent = new Agent({ name: 'Forecaster', instructions: 'Be brief.', model, tools: [weather] });
assert.equal((await run(agent, 'Weather in Oslo?')).finalOutput, 'It is sunny in Oslo.');
assert.equal(numCalls, 1);

const streamed = await run(agent, 'Hi', { stream: true });
let text = '';
for await (const delta of streamed.toTextStream()) text += delta;
await streamed.completed;
assert.equal(text, 'Hello from the model.');

const extractor = new Agent({
  name: 'Extractor',
  instructions: 'Extract.',
  model,
  outputType: z.object({ name: z.string(), age: z.number() }),
});
assert.deepEqual((await run(extractor, 'Extract the person.')).finalOutput, { name: 'Ada', age: 36 });
