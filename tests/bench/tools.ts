// npm run bench:tools: what the tool runner adds to a call, as the median of many trivial ones. The load of the machine
// is printed too: where others compete for its processors the best calls say more than the median.
// Exit code 1 when a figure misses its limit.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createToolRunner } from '../../src/actors/tools/tool-runner.js';
import {
  DEFAULT_RUNNER_BOUNDS,
  DEFAULT_TOOL_SETTINGS,
  type ToolRunner,
} from '../../src/actors/tools/tool.js';

const CALLS = 200;
const WARM_UP = 10;

interface Subject {
  readonly title: string;
  readonly limitMs: number;
  readonly sandbox: 'required' | 'none';
  readonly name: string;
  readonly arguments: string;
}

const TRUE = '{"command":["true"]}';
const SUBJECTS: readonly Subject[] = [
  { title: 'shell, sandboxed', limitMs: 40, sandbox: 'required', name: 'shell', arguments: TRUE },
  { title: 'shell, no sandbox', limitMs: 10, sandbox: 'none', name: 'shell', arguments: TRUE },
  {
    title: 'calculator',
    limitMs: 10,
    sandbox: 'none',
    name: 'calculator',
    arguments: '{"expression":"1+1"}',
  },
  { title: 'python, sandboxed', limitMs: 40, sandbox: 'required', name: 'python', arguments: '1' },
];

const measure = async (runner: ToolRunner, { name, arguments: text, title }: Subject): Promise<number[]> => {
  const { signal } = new AbortController();
  const samples: number[] = [];
  for (let i = 0; i < WARM_UP + CALLS; i++) {
    const call = { callId: String(i), name, arguments: text, sessionId: 'bench' };
    const result = await runner.run(call, { signal });
    if (result.status !== 'ok') throw new Error(`${title}: ${result.status} ${result.text}`);
    if (i >= WARM_UP) samples.push(result.durationMs);
  }
  return samples.sort((left, right) => left - right);
};

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'codexpc-bench-')));
const load = loadavg()[0]!.toFixed(1);
console.log(`${cpus()[0]?.model}, ${cpus().length} cores, load ${load}; ${CALLS} calls each`);
try {
  for (const subject of SUBJECTS) {
    const settings = { ...DEFAULT_TOOL_SETTINGS, sandbox: subject.sandbox };
    const tools = { [subject.name]: settings };
    const runner = createToolRunner({ ...DEFAULT_RUNNER_BOUNDS, workFolder: folder, tools });
    const samples = await measure(runner, subject);
    await runner.close();
    const [best, median, p95] = [0, 0.5, 0.95].map((part) => samples[Math.floor(part * samples.length)]!);
    const isMet = median! <= subject.limitMs;
    if (!isMet) process.exitCode = 1;
    console.log(
      `${subject.title.padEnd(20)} ${median!.toFixed(1).padStart(6)} ms median (limit ${subject.limitMs}: ${isMet ? 'met' : 'missed'}), best ${best!.toFixed(1)}, p95 ${p95!.toFixed(1)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
