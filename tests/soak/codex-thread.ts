// Requests as Codex makes them: its real prompt and tools (those of the pocket model's evaluation), about ten thousand
// tokens that all threads share, and behind them a conversation that grows.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Random } from '../faults/random.js';

type Item = Readonly<Record<string, unknown>>;

interface Base {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly tools: readonly Item[];
}

const BASE = JSON.parse(
  readFileSync(
    fileURLToPath(new URL('../../../../models/pocket/eval/bases/codex.json', import.meta.url)),
    'utf8',
  ),
) as Base;
const [INSTRUCTIONS, ...CONTEXT] = BASE.messages;
const WISHES = [
  'List the files here.',
  'Hello',
  'Which folder is this?',
  'Thank you!',
  'Show the disk usage.',
];

export interface CodexThread {
  body(): Item;
  /** Takes what the model has answered, runs its calls, and asks the next thing. */
  goOn(output: readonly Item[]): void;
}

/** `first`: what is asked first; by default something that other threads ask too. */
export const createCodexThread = (random: Random, first: string | null = null): CodexThread => {
  const id = `thread-${random.below(2 ** 31)}`;
  const wish = (): Item => message('user', WISHES[random.below(WISHES.length)] as string);
  let input: readonly Item[] = [
    ...CONTEXT.map(({ role, content }) => message(role, content)),
    first === null ? wish() : message('user', first),
  ];
  return {
    body: () => ({
      model: 'pocket',
      instructions: INSTRUCTIONS?.content,
      input,
      tools: BASE.tools.map((tool) => ({ type: 'function', strict: false, ...tool })),
      tool_choice: 'auto',
      parallel_tool_calls: false,
      reasoning: { effort: 'low' },
      store: false,
      prompt_cache_key: id,
      max_output_tokens: 200,
    }),
    goOn: (output) => {
      const answers = output
        .filter(({ type }) => type === 'function_call')
        .map(({ call_id: callId }) => ({
          type: 'function_call_output',
          call_id: callId,
          output: 'README.md\nsrc\n',
        }));
      input = [...input, ...output, ...answers, ...(answers.length > 0 ? [] : [wish()])];
    },
  };
};

const message = (role: string, text: string): Item => ({
  type: 'message',
  role,
  content: [{ type: 'input_text', text }],
});
