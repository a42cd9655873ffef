// The short parts of a soak: equal clients, more requests than the queue holds, a thousand connections.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { RespondOptions } from '../../src/ipc/protocol.js';
import type { DaemonProcess } from '../fixtures/daemon-process.js';
import { statusOf } from '../faults/observer.js';
import { say } from './clients.js';
import { stream } from './http-stream.js';
import type { Ledger } from './ledger.js';
import { SocketLine } from './socket-line.js';
import { jainIndex, quantile } from './statistics.js';

const EQUALS = 8;
const CROWD = 1_000;
/** That many answers each, alone and in the crowd, in turns: the machine's own moods fall on both. */
const CROWD_ROUNDS = 5;

const rambling = (seed: number, maxTokens: number): RespondOptions => ({
  items: say('What is codexpc?'),
  maxTokens,
  sampling: { temperature: 2, seed },
});

/** Tokens that each of several equal clients, more than there are slots, gets in the same time. */
export const tryFairness = async (daemon: DaemonProcess, ledger: Ledger, forMs: number): Promise<number> => {
  const deadline = performance.now() + forMs;
  const shares = await Promise.all(
    Array.from({ length: EQUALS }, async (_, client) => {
      const line = await SocketLine.open(daemon.socket, ledger);
      let numTokens = 0;
      for (let turn = 0; performance.now() < deadline; turn++) {
        const { end, tokens } = await line.ask(rambling(client * 1_000 + turn, 32)).reply;
        ledger.ended('equals', end);
        if (performance.now() < deadline) numTokens += tokens.length;
      }
      line.close();
      return numTokens;
    }),
  );
  return jainIndex(shares);
};

export interface QueueTrial {
  readonly asked: number;
  readonly answered: number;
  readonly refused: number;
  readonly longestQueue: number;
}

/** Twice as many requests at once as can run and wait: as many are refused as do not fit, all others are answered. */
export const tryQueue = async (daemon: DaemonProcess, ledger: Ledger): Promise<QueueTrial> => {
  const { queue, slots } = await statusOf(daemon.socket);
  const each = queue.bound + slots.total;
  const lines = await Promise.all(Array.from({ length: each }, () => SocketLine.open(daemon.socket, ledger)));
  const overSocket = lines.map((line, index) => line.ask(rambling(index, 200)).reply);
  const body = { model: 'pocket', input: 'What is codexpc?', max_output_tokens: 200, temperature: 2 };
  const overHttp = Array.from({ length: each }, () =>
    stream({ url: daemon.url as string, api: 'responses', body, ledger }),
  );
  const all = Promise.all([...overSocket, ...overHttp]);
  let longestQueue = 0;
  const isOver = all.then(() => true);
  while (!(await Promise.race([isOver, sleep(20, false)]))) {
    longestQueue = Math.max(longestQueue, (await statusOf(daemon.socket)).queue.length);
  }
  const ends = (await all).map(({ end }) => end);
  lines.forEach((line) => line.close());
  ends.forEach((end) => ledger.ended('burst', end));
  const refused = ends.filter((end) => end.includes('queue_full')).length;
  const answered = ends.filter((end) => end.startsWith('completed') || end === 'incomplete').length;
  return { asked: ends.length, answered, refused, longestQueue };
};

interface Gaps {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
}

/** An answer's token gaps, alone and while a thousand connections are opened beside it and stay. */
export interface CrowdTrial {
  readonly alone: Gaps;
  readonly beside: Gaps;
  readonly opened: number;
}

export const tryCrowd = async (daemon: DaemonProcess, ledger: Ledger): Promise<CrowdTrial> => {
  const line = await SocketLine.open(daemon.socket, ledger);
  const crowd = fork(fileURLToPath(new URL('./crowd.js', import.meta.url)), [daemon.socket, String(CROWD)]);
  const ended = new AbortController();
  crowd.once('exit', () => ended.abort(new Error('the crowd has ended by itself')));
  const tell = async (what: 'open' | 'close'): Promise<number> => {
    crowd.send(what);
    const [opened] = (await once(crowd, 'message', { signal: ended.signal })) as [number];
    return opened;
  };
  const gaps = { alone: [] as number[], beside: [] as number[] };
  const answered = async (options: RespondOptions, beside: boolean): Promise<string> => {
    const { end, tokens, gapsMs } = await line.ask(options).reply;
    ledger.ended('in the crowd', end);
    gaps[beside ? 'beside' : 'alone'].push(...gapsMs);
    return tokens.join();
  };
  // What is drawn at temperature 2 changes with the last bits of logits, and these with the step in which a slot's keys
  // and values were computed: the likeliest tokens are compared.
  const likeliest: RespondOptions = { ...rambling(0, 600), sampling: { temperature: 0 } };
  let opened = 0;
  for (let round = 0; round < CROWD_ROUNDS; round++) {
    const alone = await answered(likeliest, false);
    if (alone === '') ledger.violation('an answer without a token');
    await answered(rambling(round, 600), false);
    const opening = tell('open');
    const during = await answered(likeliest, true);
    await answered(rambling(round, 600), true);
    opened = Math.max(opened, await opening);
    const among = await answered(likeliest, true);
    await answered(rambling(round, 600), true);
    if (alone !== during || alone !== among)
      ledger.violation('an answer has other tokens with many connections open');
    await tell('close');
  }
  crowd.disconnect();
  line.close();
  const figures = (values: readonly number[]): Gaps => ({
    p50Ms: quantile(values, 0.5),
    p99Ms: quantile(values, 0.99),
    longestMs: Math.max(...values),
  });
  return { alone: figures(gaps.alone), beside: figures(gaps.beside), opened };
};
