// Every recorded exchange again, with the real Codex on one side and the daemon on the other.

import { expectEqual, readRecording, rerun, scriptOf } from './recorded.js';
import type { Scenario } from './scenario.js';
import type { ScriptedTurn } from '../fixtures/scripted-engine/script.js';
import { TestHome } from './test-home.js';

/** What the server said, said by the model through the daemon: Codex has to print the same. */
const RECORDED = [
  'plain',
  'plain_120b',
  'reasoning',
  'tool',
  'fix',
  'freeform_patch',
  'mincat',
  'slim',
  'schema',
  'resume',
  'malformed',
  'namespace',
  'subagent',
  'compact',
  'ollama',
  'lmstudio',
] as const;

/** What the recorded server did by itself. */
const CHANGES: Readonly<Record<string, Readonly<Record<number, Partial<ScriptedTurn>>>>> = {
  // The child has ended before its parent's answer has: the parent thinks a while.
  subagent: {
    1: {
      play: `<|channel|>analysis<|message|>${'waiting '.repeat(30)}<|end|><|start|>assistant<|channel|>final<|message|>Spawned.<|return|>`,
      stepMs: 60,
    },
  },
};

const rerunScenarios: readonly Scenario[] = RECORDED.map((name) => ({
  name: `recorded: ${name}`,
  run: async () => {
    const recording = readRecording(name);
    const script = scriptOf(recording).map((turn, index) => ({ ...turn, ...CHANGES[name]?.[index] }));
    await TestHome.with({ script }, (home) => rerun(home, recording));
  },
}));

interface Answered {
  readonly text: string;
  readonly inputTokens: number;
  readonly cachedTokens: number;
}

/** The interactive client needs a terminal: its recorded requests are posted instead. */
const interactive: Scenario = {
  name: 'recorded: tui_title_and_turns, posted: each request goes on from the one before',
  run: async () => {
    const recording = readRecording('tui_title_and_turns');
    // The title's prompt holds the turn's question: whichever comes first, it is asked for by its own words.
    const script = [...scriptOf(recording)].sort((a, b) => (b.when?.length ?? 0) - (a.when?.length ?? 0));
    await TestHome.with({ script }, async (home) => {
      const bodies = recording.exchanges.map(({ request }) => request.body);
      const [turn, title] = await Promise.all([post(home, bodies[0]), post(home, bodies[1])]);
      const second = await post(home, bodies[2]);
      const compaction = await post(home, bodies[3]);
      expectEqual(
        [turn, title, second, compaction].map(({ text }) => text),
        ['answer 1', '{"title":"Say hi"}', 'answer 3', 'answer 4'],
      );
      expectEqual(second.cachedTokens >= turn.inputTokens - 4, true, JSON.stringify([turn, second]));
    });
  },
};

const post = async (home: TestHome, body: unknown): Promise<Answered> => {
  const response = await fetch(`${home.baseUrl}/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const events = (await response.text())
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice('data: '.length)) as Record<string, unknown>);
  const end = events.at(-1) as {
    readonly type: string;
    readonly response: {
      readonly usage: {
        readonly input_tokens: number;
        readonly input_tokens_details: { readonly cached_tokens: number };
      };
    };
  };
  expectEqual([response.status, end.type], [200, 'response.completed']);
  const { usage } = end.response;
  return {
    text: events
      .map(({ type, delta }) => (type === 'response.output_text.delta' ? String(delta) : ''))
      .join(''),
    inputTokens: usage.input_tokens,
    cachedTokens: usage.input_tokens_details.cached_tokens,
  };
};

export const recordedScenarios: readonly Scenario[] = [...rerunScenarios, interactive];
