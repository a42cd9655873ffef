// The real Codex with the pocket model: a greeting, and a shell call if the model manages.

import { readRecording, argsFor, expectEqual } from './recorded.js';
import type { Scenario } from './scenario.js';
import { TestHome } from './test-home.js';

const ARGS = readRecording('plain').processes[0]!.args.slice(0, -1);

export const pocketScenarios: readonly Scenario[] = [
  {
    name: 'the pocket model greets, goes on after a restart, and lists files, under the whole prompt of Codex',
    run: () =>
      TestHome.with({ settings: [] }, async (home) => {
        home.addFiles({ 'README.md': '# Demo\n', 'sum.py': 'print(1 + 1)\n' });
        const ask = async (prompt: string): Promise<string> => {
          const { code, stdout, stderr } = await home.codex(argsFor(home, [...ARGS, prompt])).done;
          expectEqual(code, 0, stdout + stderr);
          expectEqual(stdout.includes('"type":"turn.completed"'), true, stdout + stderr);
          console.log(`       ${prompt} → ${summaryOf(stdout)}`);
          return stdout;
        };
        await ask('Hello');
        await home.stopDaemon();
        await home.startDaemon();
        // Another process of Codex, another daemon: the base prompt comes from disk.
        const again = await ask('Good morning');
        expectEqual(Number(/"cached_input_tokens":(\d+)/.exec(again)?.[1]) > 8000, true, again);
        await ask('List the files here');
      }),
  },
];

const summaryOf = (stdout: string): string =>
  [...stdout.matchAll(/"(?:text|command|cached_input_tokens|input_tokens)":("(?:[^"\\]|\\.)*"|\d+)/g)]
    .map(([pair]) => pair.slice(0, 120))
    .filter((pair, index, all) => all.indexOf(pair) === index)
    .join(', ');
