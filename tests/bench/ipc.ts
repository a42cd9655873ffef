// npm run bench:ipc: what the protocol costs between two processes, with the real front end and client library.
// Exit code 1 when a figure misses its limit. The machine's own part of the two latencies is measured beside them.

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, connect, Conversation } from '../../src/client/index.js';
import { portFloor, socketFloor } from './ipc-floor.js';

const ROUND_TRIPS = 5_000;
const FRAMES = 200_000;
const TOKENS = 1_000;

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly limit: number;
  readonly atMost: boolean;
  readonly more: string;
}

const measure = async (): Promise<readonly Figure[]> => {
  const directory = mkdtempSync(join(tmpdir(), 'codexpc-bench-'));
  const socketPath = join(directory, 'run', 'codexpc.sock');
  const daemon = fork(fileURLToPath(new URL('./ipc-daemon.js', import.meta.url)), [socketPath]);
  try {
    await started(daemon);
    const client = await connect({ socketPath, name: 'bench' });
    const figures = [await roundTrips(client), await oneWay(client), await tokens(client)];
    client.close();
    return figures;
  } finally {
    daemon.kill();
    rmSync(directory, { recursive: true, force: true });
  }
};

const roundTrips = async (client: Client): Promise<Figure> => {
  for (let i = 0; i < ROUND_TRIPS / 5; i++) await client.health();
  const samples: number[] = [];
  for (let i = 0; i < ROUND_TRIPS; i++) {
    const start = process.hrtime.bigint();
    await client.health();
    samples.push(microsecondsSince(start));
  }
  const { median, p99 } = spread(samples);
  return {
    name: 'frame round trip',
    value: median,
    unit: 'µs median',
    limit: 150,
    atMost: true,
    more: `p99 ${p99.toFixed(0)} µs`,
  };
};

const oneWay = async (client: Client): Promise<Figure> => {
  const run = async (count: number): Promise<number> => {
    const start = performance.now();
    let received = 0;
    for await (const event of client.respond(Conversation.empty.user(`flood ${count}`).request())) {
      if (event.sequence !== received++)
        throw new Error(`event ${event.sequence} came as number ${received - 1}`);
    }
    return (count / (performance.now() - start)) * 1000;
  };
  await run(FRAMES / 10);
  const cpu = process.cpuUsage();
  const rates = [await run(FRAMES), await run(FRAMES), await run(FRAMES)].sort((a, b) => a - b);
  const { user, system } = process.cpuUsage(cpu);
  const more = `best ${Math.round(rates[2] ?? 0)}, ${((user + system) / (3 * FRAMES)).toFixed(1)} µs CPU a frame in the client`;
  return {
    name: 'small frames one way',
    value: rates[1] ?? 0,
    unit: 'frames/s',
    limit: 50_000,
    atMost: false,
    more,
  };
};

const tokens = async (client: Client): Promise<Figure> => {
  const samples: number[] = [];
  for await (const event of client.respond(Conversation.empty.user(`tokens ${TOKENS}`).request())) {
    if (event.type === 'output_text.delta') samples.push(microsecondsSince(BigInt(event.text)));
  }
  const { median, p99 } = spread(samples.slice(TOKENS / 10));
  return {
    name: 'token event, engine thread → client',
    value: median,
    unit: 'µs median',
    limit: 300,
    atMost: true,
    more: `p99 ${p99.toFixed(0)} µs`,
  };
};

const printFloors = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'codexpc-bench-'));
  const floors: ReadonlyArray<readonly [string, readonly number[]]> = [
    ['a byte over a Unix socket and back', await socketFloor(join(directory, 'floor.sock'))],
    ['a number over a MessagePort and back', await portFloor()],
  ];
  rmSync(directory, { recursive: true });
  for (const [name, samples] of floors) {
    const { median, p99 } = spread(samples);
    console.log(
      `     ${name.padEnd(36)} ${median.toFixed(0).padStart(8)} µs median (no code of ours; p99 ${p99.toFixed(0)} µs)`,
    );
  }
};

// The monotonic clock is one for all processes of a machine.
const microsecondsSince = (start: bigint): number => Number(process.hrtime.bigint() - start) / 1000;

const spread = (samples: readonly number[]): { readonly median: number; readonly p99: number } => {
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor(sorted.length / 2)] ?? 0,
    p99: sorted[Math.floor(sorted.length * 0.99)] ?? 0,
  };
};

const started = async (daemon: ChildProcess): Promise<void> => {
  const [message] = (await Promise.race([once(daemon, 'message'), once(daemon, 'exit')])) as unknown[];
  if (message !== 'listening') throw new Error('the benchmark daemon did not start');
};

console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown CPU'}`);
await printFloors();
const figures = await measure();
for (const { name, value, unit, limit, atMost, more } of figures) {
  const holds = atMost ? value <= limit : value >= limit;
  if (!holds) process.exitCode = 1;
  const goal = `${atMost ? '≤' : '≥'} ${limit}`;
  console.log(
    `${holds ? 'ok  ' : 'MISS'} ${name.padEnd(36)} ${value.toFixed(0).padStart(8)} ${unit} (${goal}; ${more})`,
  );
}
