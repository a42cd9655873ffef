// Takes connections at a Mach service that launchd keeps for this process. Only this user may connect, and where a code
// signing requirement is set, only programs that satisfy it.

import { CodexpcError } from '../errors.js';
import { xpcOptions, type XpcTransport } from '../ipc/transports/xpc.js';
import type { XpcAddon, XpcEvent, XpcHandle, XpcPeer } from '../ipc/transports/xpc-addon.js';

export interface XpcListenerOptions {
  readonly addon: XpcAddon;
  readonly service: string;
  readonly requirement: string;
  readonly uid: number;
  readonly maxFrameBytes: number;
  /** One whose peer has been checked; answers with the transport made of it. */
  readonly onConnection: (handle: XpcHandle) => XpcTransport;
  /** Another user's. It is closed without an answer. */
  readonly onRefused: (peer: XpcPeer) => void;
  readonly onError: (error: CodexpcError) => void;
}

export class XpcListener {
  readonly #options: XpcListenerOptions;
  readonly #transports = new Map<number, XpcTransport>();
  #listening: { cancel(): void } | null = null;
  #closed: Promise<void> = Promise.resolve();
  #resolveClosed: () => void = () => {};

  constructor(options: XpcListenerOptions) {
    this.#options = options;
  }

  /** launchd tells later, through onError, whether it keeps the service for this process. */
  async listen(): Promise<void> {
    const { addon, service, requirement, maxFrameBytes, uid } = this.#options;
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#listening = addon.listen({ ...xpcOptions(service, requirement, maxFrameBytes), uid }, (...event) =>
      this.#take(event),
    );
  }

  async close(): Promise<void> {
    const listening = this.#listening;
    this.#listening = null;
    listening?.cancel();
    await this.#closed;
  }

  #take(event: XpcEvent): void {
    const [kind, connection] = event;
    if (kind === 'connected') {
      this.#transports.set(connection, this.#options.onConnection(event[2].handle));
    } else if (kind === 'refused') {
      this.#options.onRefused(event[2]);
    } else if (connection === 0) {
      this.#end();
    } else {
      this.#transports.get(connection)?.take(event);
      if (kind === 'ended') this.#transports.delete(connection);
    }
  }

  #end(): void {
    this.#resolveClosed();
    if (this.#listening === null) return;
    this.#listening = null;
    this.#options.onError(serviceNotOurs(this.#options.service));
  }
}

const serviceNotOurs = (service: string): CodexpcError =>
  new CodexpcError({
    code: 'address_in_use',
    message: `launchd does not keep the Mach service ${service} for this process: another daemon has it, or no LaunchAgent names it. Stop the other one with 'codexpc stop', or install the agent with 'codexpc install'; without --xpc-service the daemon serves its socket alone.`,
    details: { service },
  });
