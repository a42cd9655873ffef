// What the addon offers besides the engine (engine-native/src/binding/system.cc): what Node lacks to run a service.

import { loadAddon } from './load-addon.js';

export interface SystemCalls {
  /** Effective uid of the process at the other end of a Unix socket, as the kernel recorded it. Throws for other descriptors. */
  peerUid(fd: number): number;
  /** Takes an exclusive lock that ends with the descriptor or the process. False when another process has it. */
  lockFile(fd: number): boolean;
  /** Listening sockets handed over by the service manager (LISTEN_FDS), meant for this process. */
  listenFds(): readonly number[];
  /** Neither this process nor one that it starts leaves an image of its memory when it crashes. */
  forbidCoreDumps(): void;
  /** Sends one sd_notify datagram. False when nobody takes it. */
  notifyService(address: string, state: string): boolean;
  /** Linux only: elsewhere Node itself starts programs without a fork. Throws SystemCallError. */
  readonly startProcess?: (options: ProcessOptions) => NativeProcess;
}

export interface ProcessOptions {
  /** Where the program may be; the first that is one is it. */
  readonly files: readonly string[];
  /** Its own name included. */
  readonly arguments: readonly string[];
  /** NAME=value */
  readonly environment: readonly string[];
  readonly folder: string;
  /** What it has as descriptors 0, 1, 2 …: a pipe that it reads or writes, /dev/null, or one of ours. It has no others. */
  readonly descriptors: readonly ('read' | 'write' | 'null' | number)[];
  readonly limits: ResourceLimits;
  /** Descriptor that is told `+GROUP` before the program begins and `-GROUP` after it has ended; null: none. */
  readonly leash: number | null;
}

/** What is not named is as it is for this process; what is more than this process may set is cut to that. */
export interface ResourceLimits {
  readonly cpuSeconds?: ResourceLimit;
  readonly addressSpaceBytes?: ResourceLimit;
  readonly openFiles?: ResourceLimit;
  readonly fileBytes?: ResourceLimit;
  readonly coreBytes?: ResourceLimit;
}

export interface ResourceLimit {
  readonly soft: bigint;
  readonly hard: bigint;
}

export interface NativeProcess {
  /** Of its process group and session too. */
  readonly pid: number;
  /** Our ends of its pipes, which we close. */
  readonly descriptors: readonly (number | null)[];
  /** Two 32-bit numbers come here when it has ended and what was left of its group is killed: exit code, signal. */
  readonly end: number;
}

/** What the system refused: `execve` stands for a program that could not be begun. */
export interface SystemCallError extends Error {
  readonly syscall: string;
  readonly errno: number;
}

/** Errors: unsupported_system when the addon is not built. */
export const loadSystemCalls = (): SystemCalls => loadAddon() as ReturnType<typeof loadAddon> & SystemCalls;
