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
}

/** Errors: unsupported_system when the addon is not built. */
export const loadSystemCalls = (): SystemCalls => loadAddon() as ReturnType<typeof loadAddon> & SystemCalls;
