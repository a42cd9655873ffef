// What an outsider can see of a daemon over its socket and in /proc, and what must hold of it whatever happens beside.

import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { clientCodec, daemonCodec } from '../../src/ipc/codec.js';
import { FrameReader, joinFrames } from '../../src/ipc/framing.js';
import {
  type ClientMessage,
  type Completed,
  createRespond,
  type DaemonMessage,
  type Failed,
  type Health,
  isTerminal,
  PROTOCOL_VERSION,
  type ResponseEvent,
  type Status,
} from '../../src/ipc/protocol.js';
import type { Random } from './random.js';

export interface Answer {
  readonly events: readonly ResponseEvent[];
  readonly tokens: readonly number[];
}

/** A bare connection: nothing between the test and the bytes. */
export const openSocket = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      socket.on('error', () => {}); // what becomes of it is the daemon's to decide
      resolve(socket);
    });
  });

export const HELLO: ClientMessage = { type: 'hello', protocolVersion: PROTOCOL_VERSION, client: 'faults' };

export const frame = (...messages: readonly ClientMessage[]): Buffer =>
  joinFrames(messages.map((message) => clientCodec.encode(message)));

export const question = (requestId: string, text: string, maxTokens: number): ClientMessage =>
  createRespond(requestId, {
    items: [{ kind: 'message', role: 'user', text, channel: null }],
    currentDate: '2026-01-01',
    maxTokens,
    include: ['tokens'],
    sampling: { temperature: 0 },
  });

/** A connection that asks something and goes on to do something odd. */
export const running = (text = 'Tell me about codexpc'): Buffer => frame(HELLO, question('x', text, 60));

export const noise = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => random.below(256));

/** Silence far longer than a new engine needs: nothing more would come. */
const ANSWER_LIMIT_MS = 60_000;

/**
 * Sends messages on a connection of their own and gathers what comes until `isDone` or the end of the connection. Throws
 * when neither comes.
 */
const converse = async (
  path: string,
  messages: readonly ClientMessage[],
  isDone: (message: DaemonMessage) => boolean,
): Promise<readonly DaemonMessage[]> => {
  const socket = await openSocket(path);
  const reader = new FrameReader();
  const received: DaemonMessage[] = [];
  const ended = new Promise<void>((resolve, reject) => {
    const late = `nothing for ${ANSWER_LIMIT_MS / 1000} s before the end of ${messages.map(({ type }) => type).join(' and ')}`;
    socket.setTimeout(ANSWER_LIMIT_MS, () => reject(new Error(late)));
    socket.once('close', () => resolve());
    socket.on('end', () => resolve());
    socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let bytes = reader.next(); bytes !== null; bytes = reader.next()) {
        try {
          const message = daemonCodec.decode(bytes);
          received.push(message);
          if (isDone(message)) resolve();
        } catch (error) {
          reject(error as Error); // what the daemon sends does not fit its own schema
        }
      }
    });
  });
  socket.write(frame(HELLO, ...messages));
  await ended.finally(() => socket.destroy());
  return received;
};

export const ask = async (path: string, text: string, maxTokens: number): Promise<Answer> => {
  const isEnd = (message: DaemonMessage): boolean =>
    message.type === 'error' ||
    (message.type !== 'hello' && message.type !== 'reply' && isEvent(message) && isTerminal(message));
  const messages = await converse(path, [question('q', text, maxTokens)], isEnd);
  const events = messages.filter(isEvent);
  const tokens = events.flatMap((event) =>
    event.type === 'tokens.delta' ? event.tokens.map(({ token }) => token) : [],
  );
  return { events, tokens };
};

/** Whatever is answered ends as it should. Throws what is wrong; turned away before its answer began, it is fine. */
export const askSoundly = async (path: string, text: string, maxTokens: number): Promise<void> => {
  const answer = await ask(path, text, maxTokens).catch((error: NodeJS.ErrnoException) => {
    if (error.syscall === 'connect') return null;
    throw error;
  });
  if (answer === null || answer.events.length === 0) return;
  const wrong = faultOfForm(answer);
  if (wrong !== null) throw new Error(`the answer to ${JSON.stringify(text.slice(0, 200))} ${wrong}`);
};

const isEvent = (message: DaemonMessage): message is ResponseEvent => 'sequence' in message;

export const statusOf = async (path: string): Promise<Status> => {
  const messages = await converse(
    path,
    [{ type: 'status', requestId: 's' }],
    ({ type }) => type === 'reply' || type === 'error',
  );
  const reply = messages.find(({ type }) => type === 'reply');
  if (reply?.type !== 'reply') throw new Error('the daemon did not tell its status');
  return reply.result as Status;
};

/** Whether health, asked together with a request, says what becomes of the request; null: it does, or the daemon is gone. */
export const faultOfHealth = async (path: string): Promise<string | null> => {
  const messages = await converse(
    path,
    [{ type: 'health', requestId: 'h' }, question('q', 'Hello', 1)],
    (message) => message.type === 'error' || ('sequence' in message && message.requestId === 'q'),
  );
  const reply = messages.find(({ type }) => type === 'reply');
  if (reply?.type !== 'reply') return null;
  const { ok, state } = reply.result as Health;
  const error = messages.find(({ type }) => type === 'error');
  const code = error?.type === 'error' ? error.error.code : null;
  if (ok && code !== null) return `health says ${state}, and a request is refused with ${code}`;
  return !ok && code === null && messages.length > 2 ? `health says ${state}, and a request is taken` : null;
};

/** Asks for one thing, and gives the daemon's reply; null: it was refused. */
export const request = async (path: string, message: ClientMessage): Promise<unknown> => {
  const messages = await converse(path, [message], ({ type }) => type === 'reply' || type === 'error');
  const reply = messages.find(({ type }) => type === 'reply');
  return reply?.type === 'reply' ? reply.result : null;
};

/** What is wrong with an answer, whatever it says; null: nothing. */
const faultOfForm = ({ events, tokens }: Answer): string | null => {
  const end = events.at(-1);
  if (end === undefined || !isTerminal(end)) return 'has no terminal event';
  if (events.filter(isTerminal).length !== 1) return 'has more than one terminal event';
  if (events.some(({ sequence }, index) => sequence !== index)) return 'lost or reordered an event';
  if (events[0]?.type !== 'created') return `began with ${events[0]?.type}`;
  if (end.type === 'failed') return null;
  if (end.usage.outputTokens !== tokens.length)
    return `tells of ${end.usage.outputTokens} tokens, ${tokens.length} came`;
  // What was streamed of the final channel is what its messages are.
  const streamed = events.map((event) => (isFinalText(event) ? event.text : '')).join('');
  const whole = events
    .map((event) =>
      event.type === 'output_item.done' && event.item.kind === 'message' && event.item.channel === 'final'
        ? event.item.text
        : '',
    )
    .join('');
  if (streamed !== whole) return `streamed ${JSON.stringify(streamed)} for ${JSON.stringify(whole)}`;
  const { timings } = end;
  const longest = Math.max(timings.queuedMs, timings.prefillMs, timings.decodeMs, timings.timeToFirstTokenMs);
  return longest > timings.totalMs + 1 ? `took ${longest} ms of ${timings.totalMs} ms` : null;
};

const isFinalText = (event: ResponseEvent): event is Extract<ResponseEvent, { type: 'output_text.delta' }> =>
  event.type === 'output_text.delta' && event.channel === 'final';

/** What is wrong with one answer; null: nothing. `alone`: what an undisturbed daemon answered. */
export const faultOfAnswer = (answer: Answer, alone: Answer, mayFail: boolean): string | null => {
  const { events, tokens } = answer;
  const malformed = faultOfForm(answer);
  if (malformed !== null) return malformed;
  const end = events.at(-1) as Completed | Failed;
  if (tokens.some((token, index) => token !== alone.tokens[index])) return 'has other tokens';
  if (end.type === 'completed') return tokens.length === alone.tokens.length ? null : 'lost tokens';
  return mayFail ? null : `failed: ${end.error.code}: ${end.error.message}`;
};

export interface Holdings {
  readonly descriptors: number;
  readonly children: number;
}

/** Open descriptors and child processes of a daemon (Linux). */
export const holdingsOf = (pid: number): Holdings => ({
  descriptors: readdirSync(`/proc/${pid}/fd`).length,
  children: childrenOf(pid).length,
});

export const childrenOf = (pid: number): readonly number[] =>
  pids().filter((child) => parentOf(child) === pid);

/** The processes of its engine: one, or none for a moment. */
export const enginesOf = (pid: number): readonly number[] =>
  childrenOf(pid).filter((child) => /codexpc-engine|engine-process/.test(commandOf(child)));

export interface Descendant {
  readonly pid: number;
  readonly command: string;
}

export const descendantsOf = (pid: number): readonly Descendant[] =>
  childrenOf(pid).flatMap((child) => [{ pid: child, command: commandOf(child) }, ...descendantsOf(child)]);

/** Processes that began with this variable in their environment, whoever their parent is by now. */
export const processesWith = (variable: string): readonly number[] =>
  pids().filter((pid) => textOf(`/proc/${pid}/environ`).split('\0').includes(variable));

const pids = (): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);

const commandOf = (pid: number): string => textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');

/** `pid (name) state ppid …`, and the name may hold anything. */
const parentOf = (pid: number): number =>
  Number(
    textOf(`/proc/${pid}/stat`)
      .replace(/^.*\) \S+ /s, '')
      .split(' ')[0],
  );

/** Empty: it has gone, or is not ours to read. */
const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
