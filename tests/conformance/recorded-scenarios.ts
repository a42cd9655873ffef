// Every recorded exchange again, with the real Codex on one side and the daemon on the other.

import { readRecording, rerun, scriptOf } from './recorded.js';
import type { Scenario } from './scenario.js';
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

export const recordedScenarios: readonly Scenario[] = RECORDED.map((name) => ({
  name: `recorded: ${name}`,
  run: async () => {
    const recording = readRecording(name);
    await TestHome.with({ script: scriptOf(recording) }, (home) => rerun(home, recording));
  },
}));
