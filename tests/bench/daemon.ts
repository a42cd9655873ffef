// npm run bench:daemon: the daemon that users run, with the pocket model: how soon it answers, how long its event loop
// stands still while it loads and reads long prompts, and what it holds when the model is unloaded.
// Linux only: resident memory is the kernel's (/proc/PID/status). Exit code 1 when a figure misses its limit.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Client, connect, Conversation } from '../../src/client/index.js';

const STARTS = 5;
const PROMPTS = 4;
const PROMPT_WORDS = 3_000;
/** After the model is unloaded: V8 and the allocator give back what they held. */
const IDLE_MS = 10_000;

const MAIN = fileURLToPath(new URL('../../../app/cli-main.cjs', import.meta.url));

interface Started {
  readonly daemon: ChildProcess;
  readonly client: Client;
  /** From the start of the process until it says that engine and model are there. */
  readonly readyMs: number;
  end(): Promise<void>;
}

const start = async (): Promise<Started> => {
  const home = mkdtempSync(join(tmpdir(), 'codexpc-bench-'));
  const socketPath = join(home, 'run', 'codexpc.sock');
  const startedMs = performance.now();
  const daemon = spawn(process.execPath, [MAIN, 'daemon', '--preload', '--socket', socketPath], {
    env: { PATH: process.env['PATH'], HOME: home, XDG_RUNTIME_DIR: home },
    stdio: 'ignore',
  });
  const client = await reach(socketPath);
  while ((await client.status()).model === null) await wait(5);
  return {
    daemon,
    client,
    readyMs: performance.now() - startedMs,
    end: async () => {
      client.close();
      daemon.kill();
      await once(daemon, 'exit');
      rmSync(home, { recursive: true, force: true });
    },
  };
};

const reach = async (socketPath: string): Promise<Client> => {
  for (;;) {
    try {
      return await connect({ socketPath, name: 'bench' });
    } catch {
      await wait(5); // it is about to listen
    }
  }
};

const measureStart = async (): Promise<number> => {
  const samples: number[] = [];
  for (let index = 0; index < STARTS; index++) {
    const { readyMs, end } = await start();
    samples.push(readyMs);
    await end();
  }
  return samples.sort((left, right) => left - right)[Math.floor(STARTS / 2)]!;
};

/** Several long prompts at once: prefill goes on all the while. */
const measureStall = async (client: Client): Promise<number> => {
  const answers = Array.from({ length: PROMPTS }, async (_, index) => {
    const words = Array.from({ length: PROMPT_WORDS }, (__, at) => (at * (index + 7)) % 997).join(' ');
    const request = { ...Conversation.empty.user(words).request(), maxTokens: 16 };
    for await (const event of client.respond(request)) {
      if (event.type === 'failed') throw new Error(event.error.message);
    }
  });
  await Promise.all(answers);
  return (await client.status()).eventLoop.stallP99Ms;
};

const measureIdle = async ({ daemon, client }: Started): Promise<number> => {
  await client.models.unload();
  await wait(IDLE_MS);
  const status = readFileSync(`/proc/${daemon.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024;
};

const print = (name: string, value: number, unit: string, limit: number): void => {
  const holds = value <= limit;
  if (!holds) process.exitCode = 1;
  console.log(
    `${holds ? 'ok  ' : 'MISS'} ${name.padEnd(44)} ${value.toFixed(1).padStart(8)} ${unit} (≤ ${limit})`,
  );
};

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`);
print('ready with the pocket model', await measureStart(), 'ms median', 700);
const started = await start();
try {
  print('event loop stall, load and long prefill', await measureStall(started.client), 'ms p99', 20);
  print('resident when idle, the model unloaded', await measureIdle(started), 'MB', 90);
} finally {
  await started.end();
}
