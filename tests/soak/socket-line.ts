// A connection to the daemon's socket with any number of requests on it, each checked for one terminal event, last. An
// answer is waited for until it comes, or until the daemon says that it has nothing to do.

import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { daemonCodec } from '../../src/ipc/codec.js';
import { FrameReader } from '../../src/ipc/framing.js';
import {
  createRespond,
  isTerminal,
  type RespondOptions,
  type ResponseEvent,
} from '../../src/ipc/protocol.js';
import { frame, HELLO, openSocket, statusOf } from '../faults/observer.js';
import type { Ledger } from './ledger.js';

export interface Reply {
  /** `completed: REASON`, `failed: CODE`, `lost`: the connection ended first, or `none`: the daemon has forgotten it. */
  readonly end: string;
  readonly events: readonly ResponseEvent[];
  readonly tokens: readonly number[];
  /** Null: none came. */
  readonly firstTokenMs: number | null;
  readonly gapsMs: readonly number[];
  readonly totalMs: number;
}

export interface Asked {
  readonly reply: Promise<Reply>;
  cancel(): void;
}

/** An end after that is told as late, and from then on the daemon is asked whether one is still to come. */
const LATE_MS = 120_000;
const LOOK_MS = 5_000;

interface Open {
  readonly startedMs: number;
  readonly events: ResponseEvent[];
  readonly tokenTimesMs: number[];
  readonly settle: (end: string) => void;
}

export class SocketLine {
  readonly #path: string;
  readonly #socket: Socket;
  readonly #ledger: Ledger;
  readonly #reader = new FrameReader();
  readonly #open = new Map<string, Open>();
  #numRequests = 0;
  #isOver = false;

  private constructor(path: string, socket: Socket, ledger: Ledger) {
    this.#path = path;
    this.#socket = socket;
    this.#ledger = ledger;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    for (const event of ['end', 'close'] as const) socket.on(event, () => this.#lose());
    socket.write(frame(HELLO));
  }

  static async open(path: string, ledger: Ledger): Promise<SocketLine> {
    return new SocketLine(path, await openSocket(path), ledger);
  }

  ask(options: RespondOptions): Asked {
    const requestId = `r${++this.#numRequests}`;
    const startedMs = performance.now();
    const reply = new Promise<Reply>((resolve) => {
      const late = setTimeout(() => void this.#awaitLate(requestId), LATE_MS);
      const events: ResponseEvent[] = [];
      const tokenTimesMs: number[] = [];
      const settle = (end: string): void => {
        clearTimeout(late);
        const tokens = events.flatMap((event) =>
          event.type === 'tokens.delta' ? event.tokens.map(({ token }) => token) : [],
        );
        const [first = null] = tokenTimesMs;
        resolve({
          end,
          events,
          tokens,
          firstTokenMs: first === null ? null : first - startedMs,
          gapsMs: tokenTimesMs.slice(1).map((atMs, index) => atMs - (tokenTimesMs[index] as number)),
          totalMs: performance.now() - startedMs,
        });
      };
      this.#open.set(requestId, { startedMs, events, tokenTimesMs, settle });
      if (this.#isOver) this.#lose();
      else this.#socket.write(frame(createRespond(requestId, { ...options, include: ['tokens'] })));
    });
    return { reply, cancel: () => this.#socket.write(frame({ type: 'cancel', requestId })) };
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#reader.push(chunk);
    for (let bytes = this.#reader.next(); bytes !== null; bytes = this.#reader.next()) {
      const message = daemonCodec.decode(bytes);
      if (message.type === 'error') this.#refused(message.requestId, message.error.code);
      else if ('sequence' in message && message.type !== 'watch.event') this.#take(message);
    }
  }

  #refused(requestId: string | null, code: string): void {
    if (requestId === null) this.#ledger.violation(`a connection was refused: ${code}`);
    else if (this.#open.has(requestId)) this.#settle(requestId, `failed: ${code}`);
    else this.#ledger.violation(`an error behind the end of its request: ${code}`);
  }

  #take(event: ResponseEvent): void {
    const open = this.#open.get(event.requestId);
    if (open === undefined) {
      this.#ledger.violation(`${event.type} behind the terminal event`);
      return;
    }
    if (event.sequence !== open.events.length) this.#ledger.violation('an event was lost or out of order');
    open.events.push(event);
    if (event.type === 'tokens.delta') open.tokenTimesMs.push(performance.now());
    if (isTerminal(event)) this.#settle(event.requestId, endOf(event));
  }

  /** Idle at two looks with nothing on its way to us in between: then this request has been forgotten. */
  async #awaitLate(requestId: string): Promise<void> {
    this.#ledger.late();
    let wasIdle = false;
    while (this.#open.has(requestId)) {
      const isIdle = !this.#socket.isPaused() && (await this.#isDaemonIdle());
      if (isIdle && wasIdle && this.#open.has(requestId)) {
        this.#ledger.violation('a request had no end, and the daemon has nothing to do');
        this.#settle(requestId, 'none');
      }
      wasIdle = isIdle;
      await sleep(LOOK_MS);
    }
  }

  async #isDaemonIdle(): Promise<boolean> {
    const status = await statusOf(this.#path).catch(() => null); // it is busy, or gone: then the connection ends
    if (status === null) return false;
    const { requests, queue, slots } = status;
    return requests.running + requests.awaitingTool + queue.length + slots.used === 0;
  }

  #settle(requestId: string, end: string): void {
    const open = this.#open.get(requestId);
    this.#open.delete(requestId);
    open?.settle(end);
  }

  #lose(): void {
    this.#isOver = true;
    for (const requestId of [...this.#open.keys()]) this.#settle(requestId, 'lost');
  }
}

const endOf = (event: Extract<ResponseEvent, { type: 'completed' | 'failed' }>): string =>
  event.type === 'completed' ? `completed: ${event.finishReason}` : `failed: ${event.error.code}`;
