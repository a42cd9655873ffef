// The real Codex with the pocket model: a greeting, and a shell call if the model manages.

import { readRecording, argsFor, expectEqual } from './recorded.js';
import type { Scenario } from './scenario.js';
import { TestHome } from './test-home.js';

const ARGS = readRecording('plain').processes[0]!.args.slice(0, -1);

export const pocketScenarios: readonly Scenario[] = [
  {
    name: 'the pocket model greets, and lists files, under the whole prompt of Codex',
    run: () =>
      TestHome.with({ settings: [] }, async (home) => {
        home.addFiles({ 'README.md': '# Demo\n', 'sum.py': 'print(1 + 1)\n' });
        for (const prompt of ['Hello', 'List the files here']) {
          const { code, stdout, stderr } = await home.codex(argsFor(home, [...ARGS, prompt])).done;
          expectEqual(code, 0, stdout + stderr);
          expectEqual(stdout.includes('"type":"turn.completed"'), true, stdout + stderr);
          console.log(`       ${prompt} → ${summaryOf(stdout)}`);
        }
      }),
  },
];

const summaryOf = (stdout: string): string =>
  [...stdout.matchAll(/"(?:text|command|cached_input_tokens|input_tokens)":("(?:[^"\\]|\\.)*"|\d+)/g)]
    .map(([pair]) => pair.slice(0, 120))
    .filter((pair, index, all) => all.indexOf(pair) === index)
    .join(', ');
