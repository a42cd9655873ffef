// A listening Unix socket: ours at a path, or one that the service manager handed over. Only this user may connect.

import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { type CodexpcError, socketUnusable } from '../errors.js';
import { type Claim, claimSocketAddress } from './socket-address.js';
import type { SystemCalls } from './system-calls.js';

export interface UnixListenerOptions {
  readonly path: string;
  readonly uid: number;
  readonly pid: number;
  readonly calls: SystemCalls;
  /** One whose peer has been checked. */
  readonly onConnection: (socket: Socket) => void;
  /** Another user's, or one whose user the kernel does not tell. It is closed without an answer. */
  readonly onRefused: (peerUid: number | null) => void;
  readonly onError: (error: CodexpcError) => void;
}

/** Clients that come in the same moment; the system may allow fewer. Node's own 511 refused some of 1,000 (EAGAIN). */
const BACKLOG = 2_048;

export class UnixListener {
  readonly #options: UnixListenerOptions;
  #claim: Claim | null = null;
  #servers: Server[] = [];

  constructor(options: UnixListenerOptions) {
    this.#options = options;
  }

  /** Errors: address_in_use, io_error. */
  async listen(): Promise<void> {
    const { path, calls } = this.#options;
    this.#claim = claimSocketAddress(this.#options);
    try {
      const inherited = calls.listenFds();
      for (const fd of inherited) await this.#serve({ fd });
      if (inherited.length > 0) return;
      await this.#claim.clearStaleSocket();
      if (this.#claim === null) return; // closed meanwhile
      await this.#serve({ path });
      chmodSync(path, 0o600);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Takes no more connections, and frees the address. Open connections are not touched. Twice is harmless. */
  async close(): Promise<void> {
    const servers = this.#servers;
    this.#servers = [];
    // Node's callback waits for every connection; the socket itself is closed, and its path removed, by the call.
    for (const server of servers) server.close();
    this.#claim?.release();
    this.#claim = null;
  }

  #serve(address: { readonly path: string } | { readonly fd: number }): Promise<void> {
    const { path, onError } = this.#options;
    // Half-open, so that a client that ended inside a frame still reads why it was refused.
    const server = createServer({ allowHalfOpen: true }, (socket) => this.#check(socket));
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(socketUnusable(path, error.message, error)));
      server.once('listening', () => {
        server.removeAllListeners('error');
        server.on('error', (error) => onError(socketUnusable(path, error.message, error)));
        resolve();
      });
      // listen() binds before it returns: the socket never exists with a wider mode, whatever the user's umask.
      const umask = process.umask(0o177);
      try {
        server.listen({ ...address, backlog: BACKLOG });
      } finally {
        process.umask(umask);
      }
    });
  }

  #check(socket: Socket): void {
    const peerUid = this.#peerUid(socket);
    if (peerUid === this.#options.uid) {
      this.#options.onConnection(socket);
      return;
    }
    socket.destroy();
    this.#options.onRefused(peerUid);
  }

  // Node has no public way to a socket's descriptor, which the peer's credentials are asked by: `_handle.fd` is what
  // there is (the same in 20 to 24). Without it nobody is let in.
  #peerUid(socket: Socket): number | null {
    const fd = (socket as Socket & { readonly _handle?: { readonly fd?: unknown } | null })._handle?.fd;
    if (typeof fd !== 'number' || fd < 0) return null;
    try {
      return this.#options.calls.peerUid(fd);
    } catch {
      return null; // gone before it was looked at
    }
  }
}
