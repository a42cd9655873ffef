// Other clients of the same API, by what their users write: streaming, tools, structured output.

import type { Scenario } from './scenario.js';
import { TestHome } from './test-home.js';

const call = (name: string, text: string): string =>
  `<|channel|>commentary to=functions.${name} <|constrain|>json<|message|>${text}<|call|>`;
const final = (text: string): string => `<|channel|>final<|message|>${text}<|return|>`;

const SCRIPT = [
  {
    when: 'Weather',
    knows: 'functions.weather to=assistant',
    play: final('It is sunny in Oslo.'),
    times: 99,
  },
  {
    when: 'Weather',
    play: `<|channel|>analysis<|message|>I need the weather.<|end|><|start|>assistant${call('weather', '{"city":"Oslo"}')}`,
    times: 99,
  },
  {
    when: 'Status',
    knows: 'functions.get_system_health to=assistant',
    play: final('All is well.'),
    times: 99,
  },
  {
    when: 'Status',
    // Without arguments, as models call what takes none.
    play: `<|channel|>analysis<|message|>I look.<|end|><|start|>assistant${call('get_system_health', '')}`,
    times: 99,
  },
  { when: 'Extract', play: final('{"name":"Ada","age":36}'), times: 99 },
  { play: final('Hello from the model.'), times: 99 },
];

export const clientScenarios: readonly Scenario[] = [
  ['openai'],
  ['openai-chat'],
  ['agents'],
  ['compatibility'],
  ['ai-sdk', 'responses'],
  ['ai-sdk', 'chat'],
].map(([name = '', ...args]) => ({
  name: `client: ${[name, ...args].join(' ')}`,
  run: () => TestHome.with({ script: SCRIPT }, (home) => home.client(name, ...args)),
}));
