// A home of its own for one scenario: settings, a project folder, a daemon, and the programs that talk to it.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { socketPath } from '../../src/ipc/socket-path.js';
import { statusOf } from '../faults/observer.js';
import type { ScriptedTurn } from '../fixtures/scripted-engine/script.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
export const CONFORMANCE = join(ROOT, 'tests', 'conformance');
const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));
const CODEX = join(CONFORMANCE, 'node_modules', '@openai', 'codex', 'bin', 'codex.js');
const HOMES = join(ROOT, 'build', 'conformance');
const SCRIPTED_ENGINE = new URL('../fixtures/scripted-engine/scripted-engine.js', import.meta.url).href;

mkdirSync(HOMES, { recursive: true });

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly done: Promise<Finished>;
  /** What it has printed so far. */
  printed(): string;
}

export interface TestHomeOptions {
  /** Absent: the pocket model answers. */
  readonly script?: readonly ScriptedTurn[];
  /** Lines of the settings file. */
  readonly settings?: readonly string[];
}

export class TestHome {
  /** Not below the system's temporary folder, where Codex refuses to put its helpers. */
  readonly folder = mkdtempSync(join(HOMES, 'home-'));
  /** Short, as addresses of sockets have to be. */
  readonly #runtimeFolder = mkdtempSync(join(tmpdir(), 'codexpc-run-'));
  readonly project = join(this.folder, 'project');
  readonly #options: TestHomeOptions;
  readonly #running = new Set<ChildProcess>();
  #port = 0;
  #daemon: Running | null = null;

  constructor(options: TestHomeOptions) {
    this.#options = options;
    for (const folder of [this.project, this.path('codex'), this.path('.config', 'codexpc')])
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.play(...(options.script ?? []));
  }

  /** Makes a home, starts its daemon, and leaves nothing behind. */
  static async with(options: TestHomeOptions, use: (home: TestHome) => Promise<void>): Promise<void> {
    const home = new TestHome(options);
    try {
      await home.startDaemon();
      await use(home);
    } catch (error) {
      const log = home.#daemon?.printed().split('\n').slice(-15).join('\n') ?? '';
      throw new Error(`${error instanceof Error ? error.message : String(error)}\ndaemon:\n${log}`, {
        cause: error,
      });
    } finally {
      await home.close();
    }
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  /** Files of the project that Codex works in. */
  addFiles(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.project, name)), { recursive: true });
      writeFileSync(join(this.project, name), content);
    }
  }

  /** Adds turns to what the scripted engine plays. */
  play(...turns: readonly ScriptedTurn[]): void {
    const path = this.path('script.json');
    const known = existsSync(path)
      ? (JSON.parse(readFileSync(path, 'utf8')) as { turns: readonly ScriptedTurn[] }).turns
      : [];
    writeFileSync(path, JSON.stringify({ turns: [...known, ...turns] }));
  }

  /** Every prompt so far, as the model saw it. */
  prompts(): readonly string[] {
    const path = this.path('prompts.jsonl');
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    return lines.map((line) => (JSON.parse(line) as { prompt: string }).prompt);
  }

  async startDaemon(): Promise<void> {
    writeFileSync(
      this.path('.config', 'codexpc', 'config.toml'),
      (this.#options.settings ?? ['engine.context_length = 32768']).join('\n'),
    );
    this.#daemon = this.spawn(process.execPath, [CLI, 'daemon']);
    await this.until('the daemon answers', async () => {
      if (this.#daemon?.child.exitCode !== null) throw new Error('the daemon has ended');
      // Its own choice at first, the same again in its next life: one that this process chose could be another's by then.
      const url = (await statusOf(this.#socket()).catch(() => null))?.http?.url ?? null;
      if (url !== null) this.#port = Number(new URL(url).port);
      return url !== null;
    });
  }

  #socket(): string {
    const { platform } = process;
    return socketPath({ platform, env: this.env(), home: this.folder, uid: userInfo().uid });
  }

  async stopDaemon(): Promise<void> {
    await this.codexpc('stop');
    await this.#daemon?.done;
  }

  /** As a crash of the machine would end it. */
  async killDaemon(): Promise<void> {
    this.#daemon?.child.kill('SIGKILL');
    await this.#daemon?.done;
  }

  spawn(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    const child = spawn(command, args, {
      cwd: this.project,
      env: { ...this.env(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#running.add(child);
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const done = new Promise<Finished>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        this.#running.delete(child);
        resolve({ code, stdout, stderr });
      });
    });
    return { child, done, printed: () => stdout + stderr };
  }

  /** The real Codex CLI. */
  codex(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
    return this.spawn(process.execPath, [CODEX, ...args], env);
  }

  codexpc(...args: readonly string[]): Promise<Finished> {
    return this.spawn(process.execPath, [CLI, ...args]).done;
  }

  /** A program of `clients/`, with the packages installed there. It fails by its exit code. */
  async client(name: string, ...args: readonly string[]): Promise<void> {
    const path = join(CONFORMANCE, 'clients', `${name}.mjs`);
    const { code, stdout, stderr } = await this.spawn(process.execPath, [path, ...args]).done;
    if (code !== 0) throw new Error(`${name}.mjs ended with ${code}\n${stdout}${stderr}`);
  }

  async until(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
    const giveUpMs = performance.now() + 30_000;
    while (!(await isSo())) {
      if (performance.now() > giveUpMs) throw new Error(`waited in vain until ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  env(): NodeJS.ProcessEnv {
    return {
      PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      HOME: this.folder,
      XDG_RUNTIME_DIR: this.#runtimeFolder,
      CODEXPC_LOG_LEVEL: 'warn',
      CODEX_HOME: this.path('codex'),
      CODEXPC_HTTP_PORT: String(this.#port),
      OPENAI_BASE_URL: this.baseUrl,
      OPENAI_API_KEY: 'unused',
      OPENAI_AGENTS_DISABLE_TRACING: '1',
      ...(this.#options.script === undefined
        ? {}
        : {
            CODEXPC_TEST_ADDON: SCRIPTED_ENGINE,
            CODEXPC_TEST_SCRIPT: this.path('script.json'),
            CODEXPC_TEST_PROMPTS: this.path('prompts.jsonl'),
          }),
    };
  }

  async close(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
    await this.#daemon?.done;
    // Codex's own children may still be writing.
    for (const folder of [this.folder, this.#runtimeFolder]) {
      rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
  }
}
