// Clients of the socket that do not keep to the protocol, or do not stay.

import { setTimeout as sleep } from 'node:timers/promises';
import { frame, HELLO, noise, openSocket, question, running } from '../observer.js';
import type { Random } from '../random.js';
import type { FaultRow, Scene } from '../scene.js';

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

export const CONNECTION_FAULTS: readonly FaultRow[] = [
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
];
