// The faults, one line each: how each is brought about, and whether a running answer may end with a coded error.

import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, renameSync, truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ask, childrenOf, frame, HELLO, openSocket, question, request } from './observer.js';
import type { Random } from './random.js';

export interface Scene {
  readonly socket: string;
  readonly pid: number;
  /** Of its HTTP front end. */
  readonly port: number;
  /** The file that it has loaded, its own copy, and where that came from. */
  readonly checkpoint: { readonly path: string; readonly original: string };
  readonly random: Random;
}

export interface FaultRow {
  readonly name: string;
  /** It takes the engine down, so what runs may fail. */
  readonly hitsEngine: boolean;
  inject(scene: Scene): Promise<void>;
}

/** Writes these bytes on a connection of their own, and leaves after a moment. */
const speaks = (bytes: (random: Random) => readonly Uint8Array[]) => async (scene: Scene) => {
  const socket = await openSocket(scene.socket);
  socket.resume();
  for (const piece of bytes(scene.random)) {
    socket.write(piece);
    await sleep(scene.random.below(5));
  }
  await sleep(scene.random.below(60));
  socket.destroy();
};

/** Signals every process of the engine's; needs engine.isolation = "process". */
const signalsEngine = (signal: NodeJS.Signals) => async (scene: Scene) => {
  await sleep(scene.random.below(150));
  for (const pid of childrenOf(scene.pid)) process.kill(pid, signal);
};

/** Takes a resource from a process for a moment, by its soft limit. */
const limited = async (
  pids: readonly number[],
  limit: 'fsize' | 'nofile' | 'as',
  value: (pid: number) => number,
  meanwhile: () => Promise<void>,
): Promise<void> => {
  const set = (pid: number, soft: number | 'unlimited'): void =>
    void execFileSync('prlimit', [`--pid=${pid}`, `--${limit}=${soft}:`], { stdio: 'ignore' });
  pids.forEach((pid) => set(pid, value(pid)));
  try {
    await meanwhile();
  } finally {
    for (const pid of pids) {
      try {
        set(pid, limit === 'nofile' ? 4_096 : 'unlimited');
      } catch {
        // It has ended of it.
      }
    }
  }
};

/** Bytes on a connection to the HTTP port, which is closed after a moment, in one way or the other. */
const speaksHttp = (bytes: (random: Random) => string, leaves: 'ends' | 'resets') => async (scene: Scene) => {
  const socket = connect(scene.port, '127.0.0.1');
  socket.on('error', () => {}); // what becomes of it is the daemon's to decide
  socket.resume();
  socket.write(bytes(scene.random));
  await sleep(scene.random.below(120));
  if (leaves === 'resets') socket.resetAndDestroy();
  else socket.end();
  await sleep(20);
  socket.destroy();
};

const httpQuestion = (stream: boolean): string => {
  const body = JSON.stringify({
    model: 'model',
    input: 'Tell me about codexpc',
    stream,
    max_output_tokens: 60,
  });
  return `POST /v1/responses HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
};

/** Into the engine that runs; the answers under way fail. */
const injects = (kind: string) => async (scene: Scene) => {
  await sleep(scene.random.below(100));
  const fault = `${kind}@${1 + scene.random.below(20)}`;
  await request(scene.socket, { type: 'fault.inject', requestId: 'f', fault });
  await ask(scene.socket, 'Who are you?', 30); // it may be this one that it strikes
};

const noise = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => random.below(256));

const running = (text = 'Tell me about codexpc'): Buffer => frame(HELLO, question('x', text, 60));

export const FAULTS: readonly FaultRow[] = [
  { name: 'noise', hitsEngine: false, inject: speaks((random) => [noise(random, 1 + random.below(400))]) },
  {
    name: 'a frame cut off',
    hitsEngine: false,
    inject: speaks((random) => [running().subarray(0, 1 + random.below(running().length - 1))]),
  },
  {
    name: 'a frame in small pieces',
    hitsEngine: false,
    inject: speaks((random) => {
      const bytes = running();
      const at = random.below(bytes.length);
      return [bytes.subarray(0, at), bytes.subarray(at, at + 1), bytes.subarray(at + 1)];
    }),
  },
  {
    name: 'a bit flipped',
    hitsEngine: false,
    inject: speaks((random) => {
      const bytes = Buffer.from(running());
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return [bytes];
    }),
  },
  {
    name: 'a frame twice',
    hitsEngine: false,
    inject: speaks(() => [frame(HELLO, question('x', 'Hello', 30), question('x', 'Hello', 30))]),
  },
  {
    name: 'frames out of order',
    hitsEngine: false,
    inject: speaks(() => [frame({ type: 'cancel', requestId: 'x' }, question('x', 'Hello', 30), HELLO)]),
  },
  { name: 'a header of 4 GiB', hitsEngine: false, inject: speaks(() => [Buffer.alloc(4, 0xff)]) },
  {
    name: 'a cancel at some moment',
    hitsEngine: false,
    inject: async (scene) => {
      const socket = await openSocket(scene.socket);
      socket.resume();
      socket.write(running());
      await sleep(scene.random.below(200));
      socket.write(frame({ type: 'cancel', requestId: 'x' }));
      await sleep(20);
      socket.destroy();
    },
  },
  { name: 'a client that leaves', hitsEngine: false, inject: speaks(() => [running()]) },
  {
    name: 'a client that ends its side',
    hitsEngine: false,
    inject: async (scene) => {
      const socket = await openSocket(scene.socket);
      socket.resume();
      socket.end(running());
      await sleep(scene.random.below(200));
      socket.destroy();
    },
  },
  {
    name: 'a client that does not read',
    hitsEngine: false,
    inject: async (scene) => {
      const socket = await openSocket(scene.socket);
      socket.pause();
      socket.write(running());
      await sleep(100 + scene.random.below(300));
      socket.destroy();
    },
  },
  {
    name: 'many connections that say nothing',
    hitsEngine: false,
    inject: async (scene) => {
      const sockets = await Promise.all(Array.from({ length: 20 }, () => openSocket(scene.socket)));
      await sleep(scene.random.below(50));
      sockets.forEach((socket) => socket.destroy());
    },
  },
  {
    name: 'the daemon stopped for a moment',
    hitsEngine: false,
    inject: async (scene) => {
      await sleep(scene.random.below(100));
      process.kill(scene.pid, 'SIGSTOP');
      await sleep(scene.random.below(400));
      process.kill(scene.pid, 'SIGCONT');
    },
  },
  {
    name: 'the engine stopped for a moment',
    hitsEngine: false,
    inject: async (scene) => {
      const engines = childrenOf(scene.pid);
      engines.forEach((pid) => process.kill(pid, 'SIGSTOP'));
      await sleep(scene.random.below(400));
      engines.forEach((pid) => process.kill(pid, 'SIGCONT'));
    },
  },
  { name: 'the engine killed', hitsEngine: true, inject: signalsEngine('SIGKILL') },
  { name: 'the engine aborts', hitsEngine: true, inject: signalsEngine('SIGABRT') },
  { name: 'the engine reads what is not there', hitsEngine: true, inject: signalsEngine('SIGSEGV') },
  { name: 'the engine’s checkpoint is gone', hitsEngine: true, inject: signalsEngine('SIGBUS') },
  {
    name: 'HTTP: a client that leaves',
    hitsEngine: false,
    inject: speaksHttp((random) => httpQuestion(random.below(2) === 0), 'resets'),
  },
  {
    name: 'HTTP: a client that ends its side',
    hitsEngine: false,
    inject: speaksHttp((random) => httpQuestion(random.below(2) === 0), 'ends'),
  },
  {
    name: 'HTTP: a request cut off',
    hitsEngine: false,
    inject: speaksHttp((random) => httpQuestion(true).slice(0, 1 + random.below(250)), 'ends'),
  },
  {
    name: 'HTTP: noise',
    hitsEngine: false,
    inject: speaksHttp((random) => Buffer.from(noise(random, 200)).toString('latin1'), 'ends'),
  },
  {
    name: 'no descriptors left',
    hitsEngine: false,
    inject: async ({ socket: path, pid, random }) => {
      const numOpen = readdirSync(`/proc/${pid}/fd`).length;
      await limited(
        [pid],
        'nofile',
        () => numOpen + random.below(4),
        async () => {
          const sockets = await Promise.all(Array.from({ length: 10 }, () => openSocket(path)));
          await sleep(random.below(100));
          sockets.forEach((socket) => socket.destroy());
        },
      );
    },
  },
  {
    name: 'a disk that takes nothing',
    hitsEngine: false,
    inject: async ({ socket: path, pid, random }) => {
      // A base that two requests begin with goes to disk.
      const text = `Who are you? ${Array.from({ length: 300 }, () => random.below(100)).join(' ')}`;
      await limited(
        [pid, ...childrenOf(pid)],
        'fsize',
        () => 0,
        async () => {
          await ask(path, text, 1);
          await ask(path, text, 1);
        },
      );
    },
  },
  { name: 'the engine throws', hitsEngine: true, inject: injects('throw') },
  { name: 'the engine samples no number', hitsEngine: true, inject: injects('nan') },
  { name: 'the engine samples no token', hitsEngine: true, inject: injects('garbage') },
  { name: 'the engine exits', hitsEngine: true, inject: injects('exit') },
  {
    name: 'no more memory for the engine',
    hitsEngine: true,
    inject: async ({ socket: path, pid, random }) => {
      await limited(
        childrenOf(pid),
        'as',
        () => 2 ** 20,
        async () => {
          await ask(path, `Hello ${'and '.repeat(random.below(400))}`, 30);
        },
      );
    },
  },
  {
    name: 'the checkpoint cut off while it is loaded',
    hitsEngine: true,
    inject: async ({ socket: path, checkpoint, random }) => {
      truncateSync(checkpoint.path, random.below(2 ** 20));
      await ask(path, 'Who are you?', 30);
      copyFileSync(checkpoint.original, `${checkpoint.path}.new`);
      renameSync(`${checkpoint.path}.new`, checkpoint.path);
    },
  },
  {
    name: 'the checkpoint replaced while it is loaded',
    hitsEngine: false,
    inject: async ({ checkpoint }) => {
      copyFileSync(checkpoint.original, `${checkpoint.path}.new`);
      renameSync(`${checkpoint.path}.new`, checkpoint.path);
      await sleep(20);
    },
  },
];
