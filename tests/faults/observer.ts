// What an outsider can see of a daemon over its socket and in /proc, and what must hold of it whatever happens beside.

import { readdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { clientCodec, daemonCodec } from '../../src/ipc/codec.js';
import { FrameReader, joinFrames } from '../../src/ipc/framing.js';
import {
  type ClientMessage,
  createRespond,
  type DaemonMessage,
  type Health,
  isTerminal,
  PROTOCOL_VERSION,
  type ResponseEvent,
  type Status,
} from '../../src/ipc/protocol.js';

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
        const message = daemonCodec.decode(bytes);
        received.push(message);
        if (isDone(message)) resolve();
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

/** What is wrong with one answer; null: nothing. `alone`: what an undisturbed daemon answered. */
export const faultOfAnswer = (answer: Answer, alone: Answer, mayFail: boolean): string | null => {
  const { events, tokens } = answer;
  const end = events.at(-1);
  if (end === undefined || !isTerminal(end)) return 'has no terminal event';
  if (events.filter(isTerminal).length !== 1) return 'has more than one terminal event';
  if (events.some(({ sequence }, index) => sequence !== index)) return 'lost or reordered an event';
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
  children: readdirSync('/proc').filter((name) => /^\d+$/.test(name) && parentOf(name) === pid).length,
});

export const childrenOf = (pid: number): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);

const parentOf = (pid: string): number => {
  try {
    // `pid (name) state ppid …`, and the name may hold anything
    return Number(
      readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) \S+ /s, '')
        .split(' ')[0],
    );
  } catch {
    return 0; // it has ended meanwhile
  }
};
