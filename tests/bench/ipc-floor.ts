// What the machine itself takes for bench:ipc's two hops, without any code of ours: a byte to another Node process and
// back over a Unix socket, and a number to another thread and back over a MessagePort. Run as a program or as a thread,
// this file is the other end, which answers with what it got.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, MessageChannel, type MessagePort, Worker, workerData } from 'node:worker_threads';

const ROUND_TRIPS = 5_000;
const WARM_UP = 500;
const SELF = fileURLToPath(import.meta.url);

/** Round trips in microseconds. */
export const socketFloor = async (path: string): Promise<readonly number[]> => {
  const echo: ChildProcess = fork(SELF, [path]);
  await once(echo, 'message');
  const socket = connect(path);
  await once(socket, 'connect');
  const samples = await pingPong({
    send: () => socket.write('x'),
    onAnswer: (listener) => socket.on('data', listener),
  });
  socket.destroy();
  echo.kill();
  return samples;
};

/** Round trips in microseconds. */
export const portFloor = async (): Promise<readonly number[]> => {
  const { port1, port2 } = new MessageChannel();
  const echo = new Worker(SELF, { workerData: port2, transferList: [port2] });
  const samples = await pingPong({
    send: () => port1.postMessage(1),
    onAnswer: (listener) => port1.on('message', listener),
  });
  port1.close();
  await echo.terminate();
  return samples;
};

interface Wire {
  readonly send: () => void;
  readonly onAnswer: (listener: () => void) => void;
}

const pingPong = ({ send, onAnswer }: Wire): Promise<readonly number[]> =>
  new Promise((resolve) => {
    const samples: number[] = [];
    let sentMs = performance.now();
    onAnswer(() => {
      samples.push((performance.now() - sentMs) * 1000);
      if (samples.length === WARM_UP + ROUND_TRIPS) {
        resolve(samples.slice(WARM_UP));
        return;
      }
      sentMs = performance.now();
      send();
    });
    send();
  });

if (!isMainThread) {
  const port = workerData as MessagePort;
  port.on('message', (message) => port.postMessage(message));
} else if (process.argv[1] === SELF) {
  createServer((socket) => socket.on('data', (bytes) => socket.write(bytes)))
    .listen(process.argv[2])
    .once('listening', () => process.send?.('listening'));
  process.on('disconnect', () => process.exit());
}
