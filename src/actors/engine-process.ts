// Entry of the engine's own process (engine.isolation = "process"): the engine worker in a thread, as in the daemon, and
// the two ports carried over the channel to the daemon. This thread stays free, so that an engine that hangs in native
// code ends with the daemon too.

import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { messageOf } from '../errors.js';
import { owned } from './engine-frames.js';
import type { EngineWorkerData } from './engine-worker.js';

export type EngineProcessMessage =
  | { readonly to: 'start'; readonly data: Omit<EngineWorkerData, 'framePort' | 'controlPort'> }
  | { readonly to: 'frame' | 'control'; readonly packet: unknown }
  | { readonly to: 'error'; readonly message: string };

/** Settled when all that was told so far is on its way; a daemon that is gone is noticed by `disconnect`. */
let told: Promise<unknown> = Promise.resolve();
const tell = (message: EngineProcessMessage): void => {
  told = new Promise((resolve) => process.send?.(message, undefined, undefined, resolve));
};

const start = (data: Extract<EngineProcessMessage, { to: 'start' }>['data']): void => {
  const frames = new MessageChannel();
  const controls = new MessageChannel();
  const workerData: EngineWorkerData = { ...data, framePort: frames.port2, controlPort: controls.port2 };
  const worker = new Worker(new URL('./engine-worker.js', import.meta.url), {
    workerData,
    transferList: [frames.port2, controls.port2],
    name: 'engine',
    stdout: true,
  });
  const ports = { frame: frames.port1, control: controls.port1 };
  ports.frame.on('message', (packet) => tell({ to: 'frame', packet }));
  ports.control.on('message', (packet) => tell({ to: 'control', packet }));
  process.on('message', (message: EngineProcessMessage) => {
    if (message.to === 'frame' || message.to === 'control')
      ports[message.to].postMessage(owned(message.packet));
  });
  worker.on('error', (error) => tell({ to: 'error', message: messageOf(error) }));
  worker.once('exit', (exitCode) => {
    for (const to of ['frame', 'control'] as const) {
      for (let next = receiveMessageOnPort(ports[to]); next; next = receiveMessageOnPort(ports[to])) {
        tell({ to, packet: next.message as unknown });
      }
      ports[to].close();
    }
    process.exitCode = exitCode;
    process.removeListener('disconnect', endWithDaemon);
    void told.then(() => process.disconnect());
  });
};

/** Not process.exit: it would wait for a thread that is in native code. */
const endWithDaemon = (): void => void process.kill(process.pid, 'SIGKILL');

process.title = 'codexpc-engine';
process.on('disconnect', endWithDaemon);
// A terminal and a service manager signal the whole group; the daemon drains first and ends this when it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.once('message', (message: EngineProcessMessage) => {
  if (message.to === 'start') start(message.data);
});
