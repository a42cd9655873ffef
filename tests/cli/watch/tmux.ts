// A terminal for tests: tmux keeps the screen that a program draws.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const hasTmux = spawnSync('tmux', ['-V']).status === 0;

export interface TmuxOptions {
  readonly command: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly columns: number;
  readonly rows: number;
}

/** Runs the command in a shell, with a line before it; after it come the terminal's mode and the exit code. */
export class Tmux implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'codexpc-tmux-'));

  constructor({ command, env, columns, rows }: TmuxOptions) {
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const script = `echo before; ${quoted}; code=$?; stty -a | grep -qw -- -icanon && echo raw; echo "code $code"; exec sleep 1000`;
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#tmux(['-f', '/dev/null', 'new-session', '-d', ...size, script], { ...env, LC_ALL: 'C.UTF-8' });
  }

  screen(): string {
    return this.#tmux(['capture-pane', '-p']);
  }

  /** Keys by tmux' names, or text. */
  press(...keys: readonly string[]): void {
    this.#tmux(['send-keys', ...keys]);
  }

  resize(columns: number, rows: number): void {
    this.#tmux(['resize-window', '-x', String(columns), '-y', String(rows)]);
  }

  /** The process that the shell runs now. */
  get childPid(): number {
    const shell = this.#tmux(['display-message', '-p', '#{pane_pid}']).trim();
    return Number(execFileSync('ps', ['-o', 'pid=', '--ppid', shell], { encoding: 'utf8' }).trim());
  }

  /** The first screen that matches; the test's own time limit ends the wait, and the last screen is told. */
  async until(pattern: RegExp, limitMs = 30_000): Promise<string> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const screen = this.screen();
      if (pattern.test(screen)) return screen;
      if (performance.now() > deadline) throw new Error(`never showed ${String(pattern)}, but:\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  [Symbol.dispose](): void {
    spawnSync('tmux', ['-S', this.#socket, 'kill-server']);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #socket(): string {
    return join(this.#folder, 'tmux');
  }

  #tmux(args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
    return execFileSync('tmux', ['-u', '-S', this.#socket, ...args], { encoding: 'utf8', env });
  }
}
