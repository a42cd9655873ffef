// What a command may touch of the world: streams, environment, signals. Tests hand in their own.

import type { Readable, Writable } from 'node:stream';
import { currentPlace, type Place } from '../config/place.js';

export interface OutputStream extends Writable {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

export interface InputStream extends Readable {
  readonly isTTY?: boolean | undefined;
}

export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export interface CliContext {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly place: Place;
  /** Returns the remover of the listener. While there is one, the signal does not end the process. */
  onSignal(signal: Signal, listener: () => void): () => void;
  exitNow(code: number): never;
  /** Runs when the process ends, before an exception that ends it is told. Returns the remover. */
  onExit(listener: () => void): () => void;
}

export const processContext = (): CliContext => ({
  get stdin() {
    return process.stdin; // made on first use: merely touching it keeps a pipe open
  },
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  place: currentPlace(),
  onSignal: (signal, listener) => {
    process.on(signal, listener);
    return () => process.off(signal, listener);
  },
  exitNow: (code) => process.exit(code),
  onExit: (listener) => {
    process.on('exit', listener);
    process.prependListener('uncaughtException', listener);
    return () => {
      process.off('exit', listener);
      process.off('uncaughtException', listener);
    };
  },
});
