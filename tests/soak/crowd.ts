// A process of its own that holds many connections (so that whoever measures has its time for that): told `open`, it
// opens them and says so; told `close`, it closes them.   node crowd.js SOCKET COUNT

import type { Socket } from 'node:net';
import { frame, HELLO, openSocket } from '../faults/observer.js';

const [path = '', count = '0'] = process.argv.slice(2);
let crowd: readonly Socket[] = [];

const greeted = async (): Promise<Socket> => {
  const socket = await openSocket(path);
  const answered = new Promise<void>((resolve) => {
    socket.once('data', () => resolve());
    socket.once('close', () => resolve());
  });
  socket.write(frame(HELLO));
  await answered;
  return socket;
};

process.on('message', (message) => {
  if (message === 'open') {
    void Promise.all(Array.from({ length: Number(count) }, greeted)).then((sockets) => {
      crowd = sockets;
      process.send?.(crowd.filter((socket) => !socket.destroyed).length);
    });
  } else {
    crowd.forEach((socket) => socket.destroy());
    process.send?.(0);
  }
});
