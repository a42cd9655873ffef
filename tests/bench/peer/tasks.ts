// What both programs are asked, each in a process of its own that answers one message at a time. A task starts on empty
// slots; times are of what its name says alone.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type Task =
  | { readonly task: 'prefill'; readonly tokens: readonly number[] }
  /** After `tokens`, `count` tokens one by one; in all sequences side by side for `parallel`. */
  | { readonly task: 'decode' | 'parallel'; readonly tokens: readonly number[]; readonly count: number }
  /** Logits after each of the last `count` of `tokens`: pairs of token and logit. */
  | { readonly task: 'logits'; readonly tokens: readonly number[]; readonly count: number };

export interface ProgramOptions {
  readonly path: string;
  readonly threads: number;
  readonly batch: number;
  /** Ours; llama.cpp rounds activations to 8 bits, as "fast" does. */
  readonly precision: 'exact' | 'fast';
  readonly contextLength: number;
  readonly sequences: number;
  /** False: llama.cpp reads the weights into memory instead of mapping them. */
  readonly mmap: boolean;
}

export interface Program {
  readonly about: unknown;
  ask(task: Task): Promise<unknown>;
  stop(): Promise<void>;
}

const MODULES = {
  codexpc: fileURLToPath(new URL('./codexpc.js', import.meta.url)),
  'llama.cpp': fileURLToPath(new URL('../../../../../tests/bench/peer/llama.mjs', import.meta.url)),
} as const;
export type ProgramName = keyof typeof MODULES;

export const startProgram = async (name: ProgramName, options: ProgramOptions): Promise<Program> => {
  const child = fork(MODULES[name], [JSON.stringify(options)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const about = await answerOf(child);
  return {
    about,
    ask: (task) => {
      child.send(task);
      return answerOf(child);
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill();
      }),
  };
};

const answerOf = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const onExit = (code: number | null): void => reject(new Error(`the program ended with code ${code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve((message as { readonly value: unknown }).value);
    });
  });
