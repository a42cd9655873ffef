// Frames over an XPC connection. XPC queues without bound, so both sides count what the other has not acknowledged yet:
// a sender keeps frames beyond the window to itself, and the addon does not listen to a peer that goes on regardless.

import { CodexpcError, daemonUnreachable, malformedFrame } from '../../errors.js';
import { MAX_FRAME_BYTES } from '../framing.js';
import { systemTimers, type Timers } from '../timers.js';
import { HIGH_WATER_BYTES, type Transport, type TransportEvents } from '../transport.js';
import type { XpcAddon, XpcEvent, XpcHandle, XpcOptions } from './xpc-addon.js';

/** How long a closed connection may take to hand over its last frames. */
const LINGER_MS = 1_000;
/** Frames and bytes that may be under way. */
export const XPC_WINDOW = { bytes: 256 * 1024, frames: 1_024 } as const;

export interface XpcTransportOptions {
  readonly highWaterBytes?: number;
  readonly timers?: Timers;
  /** Why a connection ended on which nothing ever came; by default it is only closed. */
  readonly explainEnd?: (how: 'closed' | 'interrupted') => CodexpcError;
}

export class XpcTransport implements Transport {
  readonly #handle: XpcHandle;
  readonly #highWaterBytes: number;
  readonly #timers: Timers;
  readonly #explainEnd: XpcTransportOptions['explainEnd'];
  #events: TransportEvents | null = null;
  #inbox: Uint8Array[] = [];
  #outbox: Uint8Array[] = [];
  #outboxBytes = 0;
  #underWay = { bytes: 0, frames: 0 };
  #mustDrain = false;
  #paused = true;
  #delivering = false;
  #fault: CodexpcError | null = null;
  #finished = false; // nothing more is received
  #closing = false;
  #cancelled = false;
  #ended = false;
  #heardOf = false;
  #stopLingering: () => void = () => {};

  constructor(handle: XpcHandle, { highWaterBytes, timers, explainEnd }: XpcTransportOptions = {}) {
    this.#handle = handle;
    this.#highWaterBytes = highWaterBytes ?? HIGH_WATER_BYTES;
    this.#timers = timers ?? systemTimers;
    this.#explainEnd = explainEnd;
  }

  /** Takes what the addon tells about this connection. */
  take([kind, , value]: XpcEvent): void {
    switch (kind) {
      case 'received':
        this.#heardOf = true;
        this.#inbox.push(value);
        this.#deliver();
        return;
      case 'acknowledged':
        this.#acknowledged(value);
        return;
      case 'faulted':
        this.#fault = malformedFrame(value);
        this.#deliver();
        return;
      case 'ended':
        this.#end(value);
        return;
      case 'connected':
      case 'refused':
        return; // a listener's
    }
  }

  open(events: TransportEvents): void {
    this.#events = events;
    this.resume();
  }

  send(message: Uint8Array): boolean {
    if (this.#closing || this.#cancelled || this.#ended) return true;
    this.#outbox.push(message);
    this.#outboxBytes += message.length;
    this.#flush();
    this.#mustDrain ||= this.bufferedBytes >= this.#highWaterBytes;
    return !this.#mustDrain;
  }

  get bufferedBytes(): number {
    return this.#outboxBytes + this.#underWay.bytes;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliver();
  }

  close(): void {
    if (this.#closing || this.#cancelled) return;
    this.#closing = true;
    this.#finish();
    this.#cancelWhenHandedOver();
    if (!this.#cancelled) this.#stopLingering = this.#timers.after(LINGER_MS, () => this.destroy());
  }

  destroy(): void {
    this.#finish();
    if (this.#cancelled) return;
    this.#cancelled = true;
    this.#handle.cancel();
  }

  #flush(): void {
    while (this.#outbox.length > 0 && this.#hasWindow()) {
      const message = this.#outbox.shift()!;
      this.#outboxBytes -= message.length;
      this.#underWay.bytes += message.length;
      this.#underWay.frames += 1;
      this.#handle.send(message);
    }
  }

  #hasWindow(): boolean {
    const { bytes, frames } = this.#underWay;
    return bytes < XPC_WINDOW.bytes && frames < XPC_WINDOW.frames;
  }

  #acknowledged(bytes: number): void {
    this.#underWay.bytes -= bytes;
    this.#underWay.frames -= 1;
    this.#flush();
    if (this.#mustDrain && this.bufferedBytes <= this.#highWaterBytes / 2) {
      this.#mustDrain = false;
      if (!this.#ended && !this.#cancelled) this.#events?.drain();
    }
    if (this.#closing) this.#cancelWhenHandedOver();
  }

  #end(how: 'closed' | 'interrupted'): void {
    this.#ended = true;
    this.#stopLingering();
    if (!this.#heardOf && !this.#cancelled) this.#fault ??= this.#explainEnd?.(how) ?? null;
    // Whoever does not read because the peer did not read must look again, and find it gone.
    if (this.#mustDrain && this.#paused) this.#events?.drain();
    this.#deliver();
  }

  #cancelWhenHandedOver(): void {
    if (this.#outbox.length === 0 && this.#underWay.frames === 0) this.destroy();
  }

  /** What has come and will not be read is acknowledged, so that a peer in the middle of a send comes to the last frame. */
  #finish(): void {
    this.#finished = true;
    for (let count = this.#inbox.length; count > 0; count--) this.#handle.acknowledge();
    this.#inbox = [];
    this.#deliver();
  }

  #deliver(): void {
    if (this.#events === null || this.#delivering) return;
    this.#delivering = true;
    while (!this.#paused || this.#finished) {
      const message = this.#inbox.shift();
      if (message === undefined) break;
      this.#handle.acknowledge();
      if (!this.#finished) this.#events.message(message);
    }
    this.#delivering = false;
    if (this.#inbox.length === 0) this.#deliverEnd(this.#events);
  }

  #deliverEnd(events: TransportEvents): void {
    if (this.#fault !== null && !this.#finished) {
      this.#finished = true;
      events.fault(this.#fault);
    }
    if (!this.#ended) return;
    this.#events = null;
    queueMicrotask(() => events.close());
  }
}

export const xpcOptions = (
  service: string,
  requirement: string,
  maxFrameBytes: number = MAX_FRAME_BYTES,
): XpcOptions => ({
  service,
  requirement,
  maxFrameBytes,
  maxUnreadBytes: XPC_WINDOW.bytes,
  maxUnreadFrames: XPC_WINDOW.frames,
});

export interface ConnectXpcOptions extends XpcTransportOptions {
  readonly addon: XpcAddon;
  readonly service: string;
  readonly requirement: string;
}

/**
 * XPC looks the service up when the first frame is sent: a service that is unknown closes the transport then. Errors:
 * invalid_request (the requirement).
 */
export const connectXpc = ({ addon, service, requirement, ...options }: ConnectXpcOptions): XpcTransport => {
  let transport: XpcTransport | null = null; // stays null where the requirement is refused
  const handle = addon.connect(xpcOptions(service, requirement), (...event) => transport?.take(event));
  if (handle === null) throw requirementUnreadable(requirement);
  transport = new XpcTransport(handle, {
    ...options,
    explainEnd: (how) => xpcServiceUnreachable(service, how),
  });
  return transport;
};

export const requirementUnreadable = (requirement: string): CodexpcError =>
  new CodexpcError({
    code: 'invalid_request',
    message: `The code signing requirement ${JSON.stringify(requirement)} cannot be understood. Try it with 'csreq -r- -t', and see daemon.xpc_requirement.`,
    details: { requirement },
  });

const xpcServiceUnreachable = (service: string, how: 'closed' | 'interrupted'): CodexpcError =>
  how === 'closed'
    ? daemonUnreachable(
        `the Mach service ${service}`,
        Object.assign(new Error('launchd knows no such service of this user'), { code: 'ENOENT' }),
      )
    : daemonUnreachable(`the Mach service ${service}`, new Error('it ended before it answered'));
