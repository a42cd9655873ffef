// What an engine worker lives in: a thread of the daemon, or (engine.isolation = "process") a process of its own, which
// native code can bring down without the daemon. Either way it is the same entry behind the same two ports.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type MessagePort, Worker } from 'node:worker_threads';
import { messageOf } from '../errors.js';
import { owned } from './engine-frames.js';
import type { EngineProcessMessage } from './engine-process.js';
import type { EngineWorkerData } from './engine-worker.js';

export interface EngineHostOptions {
  readonly data: Omit<EngineWorkerData, 'framePort' | 'controlPort'>;
  /** The far ends; the host takes them over. */
  readonly ports: { readonly frame: MessagePort; readonly control: MessagePort };
  /** What went wrong, before it ends. */
  readonly onError: (error: unknown) => void;
  /** Once, last, when everything that it had sent has been handed to the ports. */
  readonly onExit: (exitCode: number) => void;
}

export interface EngineHost {
  /** Ends it at once; its end is reported like any other. */
  terminate(): void;
}

export const startEngineHost = (options: EngineHostOptions): EngineHost =>
  options.data.settings.isolation === 'process' ? startProcess(options) : startThread(options);

const startThread = ({ data, ports, onError, onExit }: EngineHostOptions): EngineHost => {
  const workerData: EngineWorkerData = { ...data, framePort: ports.frame, controlPort: ports.control };
  const worker = new Worker(new URL('./engine-worker.js', import.meta.url), {
    workerData,
    transferList: [ports.frame, ports.control],
    name: 'engine',
    // Its own output is an error message at most; it must not mix with an answer on stdout.
    stdout: true,
  });
  worker.on('error', onError);
  worker.once('exit', onExit);
  return { terminate: () => void worker.terminate() };
};

/** Exit code of a process that a signal ended, as a shell gives it for SIGKILL; the signal itself is the error. */
const SIGNALLED_EXIT_CODE = 137;

const startProcess = ({ data, ports, onError, onExit }: EngineHostOptions): EngineHost => {
  const child = fork(fileURLToPath(new URL('./engine-process.js', import.meta.url)), {
    serialization: 'advanced', // frames stay bytes
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let isOver = false;
  const send = (message: EngineProcessMessage): void => {
    // A channel that breaks is the end of the process, and that is reported.
    if (child.connected) child.send(message, () => {});
  };
  send({ to: 'start', data });
  ports.frame.on('message', (packet) => send({ to: 'frame', packet }));
  ports.control.on('message', (packet) => send({ to: 'control', packet }));
  child.on('message', (message: EngineProcessMessage) => {
    if (message.to === 'error') onError(new Error(message.message));
    else if (message.to !== 'start') ports[message.to].postMessage(owned(message.packet));
  });

  // `exit` may come before the last messages have been read; `disconnect` comes behind them.
  const exited = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      onError(new Error(`its process: ${messageOf(error)}`, { cause: error }));
      resolve(1);
    });
    child.once('exit', (code, signal) => {
      if (signal !== null && !isOver) onError(new Error(`its process was ended by ${signal}`));
      resolve(code ?? SIGNALLED_EXIT_CODE);
    });
  });
  const disconnected = new Promise<void>((resolve) => {
    child.once('disconnect', resolve);
    child.once('error', () => resolve());
  });
  void Promise.all([exited, disconnected]).then(([exitCode]) => onExit(exitCode));
  return {
    terminate: () => {
      isOver = true;
      child.kill('SIGKILL');
    },
  };
};
