// Runs the command line as people do: as a process of its own, in a home of its own, with the scripted engine.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fakeModule } from '../actors/test-daemon.js';

export const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly child: ChildProcess;
  readonly done: Promise<CliResult>;
  /** Resolves when the text has been printed on stdout or stderr. Rejects when the process ends before. */
  printed(text: string): Promise<void>;
}

export interface CliInput {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** The scripted engine to use. */
  readonly engine?: string;
}

/** A home folder and runtime folder that vanish with the test. */
export class CliHome implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'codexpc-cli-'));
  readonly #children = new Set<ChildProcess>();

  constructor() {
    mkdirSync(this.path('run'), { mode: 0o700 });
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** A file of the home folder; returns its path. */
  write(name: string, content: string): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  makeFolder(name: string): void {
    mkdirSync(this.path(name));
  }

  get socket(): string {
    return this.path('run', 'codexpc', 'codexpc.sock');
  }

  env({ env = {}, engine = 'scripted' }: CliInput = {}): NodeJS.ProcessEnv {
    return {
      PATH: process.env['PATH'],
      HOME: this.folder,
      XDG_RUNTIME_DIR: this.path('run'),
      CODEXPC_HTTP_PORT: '0', // daemons of other tests run at the same time
      CODEXPC_TEST_ADDON: fakeModule(engine),
      CODEXPC_CHECKPOINT: process.execPath, // any file will do for the scripted engine
      ...env,
    };
  }

  start(args: readonly string[], input: CliInput = {}): RunningCli {
    const child = spawn(process.execPath, [MAIN, ...args], { env: this.env(input), cwd: this.folder });
    this.#children.add(child);
    let stdout = '';
    let stderr = '';
    const waits = new Set<() => void>();
    const wake = (): void => waits.forEach((check) => check());
    child.stdout.setEncoding('utf8').on('data', (text: string) => ((stdout += text), wake()));
    child.stderr.setEncoding('utf8').on('data', (text: string) => ((stderr += text), wake()));
    child.stdin.on('error', () => {}); // it may end without having read everything
    child.stdin.end(input.stdin ?? '');
    const done = new Promise<CliResult>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => resolve({ code, stdout, stderr }));
    });
    const printed = (text: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (stdout.includes(text) || stderr.includes(text)) resolve();
        };
        waits.add(check);
        check();
        void done.then(() =>
          reject(new Error(`ended without printing ${JSON.stringify(text)}: ${stdout}${stderr}`)),
        );
      });
    return { child, done, printed };
  }

  run(args: readonly string[], input: CliInput = {}): Promise<CliResult> {
    return this.start(args, input).done;
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}
