// A runner over a work folder of its own, with a bystander's folder beside it that no tool may touch.

import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createToolRunner } from '../../../src/actors/tools/tool-runner.js';
import {
  DEFAULT_TOOL_LIMITS,
  DEFAULT_TOOL_SETTINGS,
  type ToolLimits,
  type ToolResult,
  type ToolRunner,
  type ToolRunnerOptions,
  type ToolSettings,
} from '../../../src/actors/tools/tool.js';

export const LIMITS: ToolLimits = {
  ...DEFAULT_TOOL_LIMITS,
  wallMs: 30_000, // for a machine that is busy; calls that shall run out of time ask for less
  outputBytes: 4_096,
  maxOutputBytes: 8 * 2 ** 20,
  processes: 30,
};

/** null: sandboxed programs can run here; else why not. */
export const sandboxMissing = ((): string | null => {
  try {
    execFileSync('bwrap', ['--unshare-all', '--ro-bind', '/', '/', 'true'], { stdio: 'ignore' });
    return null;
  } catch {
    return 'bubblewrap is not installed, or may not make namespaces here';
  }
})();

export interface ToolHarness {
  readonly workFolder: string;
  /** The work folder's parent. */
  readonly top: string;
  readonly runner: ToolRunner;
  call(name: string, args: unknown, options?: CallOptions): Promise<ToolResult>;
  /** Everything outside of the work folder, with its content. */
  outside(): Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  readonly limits?: Partial<ToolLimits>;
  readonly sessionId?: string;
}

export const startTools = (
  tools: Readonly<Record<string, Partial<ToolSettings>>>,
  bounds: Partial<Pick<ToolRunnerOptions, 'maxConcurrent' | 'maxWaiting'>> = {},
): ToolHarness => {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'codexpc-tools-')));
  const workFolder = join(top, 'work');
  mkdirSync(workFolder);
  writeFileSync(join(top, 'bystander'), 'untouched');
  const runner = createToolRunner({
    workFolder,
    tools: Object.fromEntries(
      Object.entries(tools).map(([name, settings]) => [
        name,
        { ...DEFAULT_TOOL_SETTINGS, limits: LIMITS, ...settings },
      ]),
    ),
    maxConcurrent: 4,
    maxWaiting: 200,
    ...bounds,
  });
  let numCalls = 0;
  return {
    workFolder,
    top,
    runner,
    call: (name, args, { signal = new AbortController().signal, limits = {}, sessionId = 's' } = {}) =>
      runner.run(
        {
          callId: `call_${++numCalls}`,
          name,
          arguments: typeof args === 'string' ? args : JSON.stringify(args),
          sessionId,
        },
        { signal, limits },
      ),
    outside: () =>
      Object.fromEntries(
        readdirSync(top, { withFileTypes: true })
          .filter(({ name }) => name !== 'work')
          .map((entry) => [entry.name, entry.isFile() ? readFileSync(join(top, entry.name), 'utf8') : '/']),
      ),
    stop: async () => {
      await runner.close();
      rmSync(top, { recursive: true, force: true });
    },
  };
};

/** Command lines of living processes that hold the text. */
export const processesWith = (text: string): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '); // a zombie's is empty
      } catch {
        return ''; // gone
      }
    })
    .filter((line) => line.includes(text));

export const until = async (holds: () => boolean, what: string, timeoutMs = 30_000): Promise<void> => {
  const deadline = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
