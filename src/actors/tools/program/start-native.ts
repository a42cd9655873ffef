// Starts a process through the addon. Node's spawn forks on Linux: in a daemon that took 1 ms at best, by the pages that
// it has in memory, and every page it wrote to afterwards was a fault; this takes 0.1 ms (Xeon, 2.8 GHz, virtual).

import { Socket } from 'node:net';
import { join } from 'node:path';
import { type Duplex, PassThrough } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { CodexpcError, messageOf } from '../../../errors.js';
import {
  loadSystemCalls,
  type NativeProcess,
  type SystemCallError,
  type SystemCalls,
} from '../../system-calls.js';
import { resourceLimits } from './process-limits.js';
import { signalName } from './signal-name.js';
import type { ProcessExit, ProcessRequest, StartedProcess } from './start-process.js';

export type NativeStart = NonNullable<SystemCalls['startProcess']>;

/** null: there is no addon, or it has no use for it on this system. */
export const findNativeStart = (load: () => SystemCalls = loadSystemCalls): NativeStart | null => {
  try {
    return load().startProcess ?? null;
  } catch (error) {
    if (error instanceof CodexpcError && error.code === 'unsupported_system') return null;
    throw error;
  }
};

export const startNative = (start: NativeStart, request: ProcessRequest): StartedProcess => {
  const { argv, folder, environment, descriptors, limits, leash } = request;
  let native: NativeProcess;
  try {
    native = start({
      files: candidates(argv[0], environment['PATH'] ?? ''),
      arguments: argv,
      environment: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
      folder,
      descriptors,
      limits: limits === null ? {} : resourceLimits(limits),
      leash: typeof leash === 'number' ? leash : null,
    });
  } catch (error) {
    return notStarted(request, error);
  }
  const streams = native.descriptors.map((fd, place) =>
    fd === null ? null : streamOf(fd, descriptors[place] === 'read' ? 'write' : 'read'),
  );
  const exited = readExit(native.end);
  // Nobody reads it any more; without a write that fails this side would not notice.
  const close = (): void =>
    streams.forEach((stream, place) => descriptors[place] === 'read' && stream?.destroy());
  exited.then(close, close);
  return { pid: native.pid, streams, exited };
};

const candidates = (program: string, searchPath: string): readonly string[] =>
  program.includes('/') ? [program] : searchPath.split(':').map((folder) => join(folder, program));

const streamOf = (fd: number, ours: 'read' | 'write'): Duplex =>
  new Socket({ fd, readable: ours === 'read', writable: ours === 'write' });

const EXIT_BYTES = 8;

const readExit = async (fd: number): Promise<ProcessExit> => {
  let bytes = Buffer.alloc(0);
  for await (const chunk of streamOf(fd, 'read')) bytes = Buffer.concat([bytes, chunk as Buffer]);
  if (bytes.length !== EXIT_BYTES) throw new Error('how it ended was not told');
  const signal = bytes.readInt32LE(4);
  return signal === 0
    ? { exitCode: bytes.readInt32LE(0), signal: null }
    : { exitCode: null, signal: signalName(signal) };
};

/** As a shell tells it: there is no such program, or it cannot be run. */
const NOT_FOUND = 127;
const NOT_RUN = 126;

/** A program that could not be begun has ended, with a word of why on descriptor 2. Whatever else failed is an error. */
const notStarted = ({ argv, descriptors }: ProcessRequest, error: unknown): StartedProcess => {
  const { syscall, errno } = error as Partial<SystemCallError>;
  const isProgram = syscall === 'execve' && errno !== undefined;
  const code = isProgram ? getSystemErrorName(-errno) : null;
  const why = code === 'ENOENT' ? 'not found' : messageOf(error).replace(/^execve: /, '');
  const streams = descriptors.map((kind, place) => {
    if (kind !== 'read' && kind !== 'write') return null;
    const stream = new PassThrough();
    if (kind === 'read') return stream.resume();
    return stream.end(place === 2 && isProgram ? `${argv[0]}: ${why}\n` : '');
  });
  const exited = isProgram
    ? Promise.resolve({ exitCode: code === 'ENOENT' ? NOT_FOUND : NOT_RUN, signal: null })
    : Promise.reject(error);
  exited.catch(() => {}); // whoever waits for it hears of it
  return { pid: null, streams, exited };
};
