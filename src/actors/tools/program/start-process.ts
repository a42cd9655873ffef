// Starts a process with pipes in a session of its own: natively where the addon can, else as Node does.

import type { Duplex } from 'node:stream';
import type { ToolLimits } from '../tool.js';
import { startForked } from './start-forked.js';
import { findNativeStart, startNative } from './start-native.js';

export interface ProcessRequest {
  readonly argv: readonly [string, ...string[]];
  readonly folder: string;
  /** Its PATH is where the program is looked for. */
  readonly environment: Readonly<Record<string, string>>;
  /** What it has as descriptors 0, 1, 2 …: a pipe that it reads or writes, nothing, or one of ours. */
  readonly descriptors: readonly ('read' | 'write' | 'null' | number)[];
  /** null: the command sets them itself. */
  readonly limits: ToolLimits | null;
  /** Who ends its group when this process is killed: itself, a leash of its own, or the one at this descriptor. */
  readonly leash: 'itself' | 'own' | number;
}

export interface StartedProcess {
  /** Of its process group; null: it was not started. */
  readonly pid: number | null;
  /** Our ends of its pipes. */
  readonly streams: readonly (Duplex | null)[];
  /** What was left of its group is killed by then. Rejects when the system refused to start it. */
  readonly exited: Promise<ProcessExit>;
}

export interface ProcessExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

const nativeStart = findNativeStart();

export const startProcess = (request: ProcessRequest): StartedProcess =>
  nativeStart === null || request.leash === 'own' ? startForked(request) : startNative(nativeStart, request);
