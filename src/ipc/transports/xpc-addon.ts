// The XPC addon's face (engine-native/src/binding/xpc), typed once, and where it is found. It exists on macOS; elsewhere
// tests bring one that stands on a stand-in of libxpc.

import { createRequire } from 'node:module';
import { CodexpcError } from '../../errors.js';
import { nativeAddonPath } from '../../native-addon-path.js';

/** One connection. Calls after its end do nothing. */
export interface XpcHandle {
  send(bytes: Uint8Array): void;
  /** Tells the peer that the oldest frame not yet acknowledged was read. */
  acknowledge(): void;
  cancel(): void;
}

export interface XpcPeer {
  readonly euid: number;
  readonly pid: number;
}

/** What each kind of event carries. `connection` is 0 for a listener itself and for a client's one connection. */
export type XpcEvent =
  | readonly [kind: 'connected', connection: number, value: XpcPeer & { readonly handle: XpcHandle }]
  | readonly [kind: 'refused', connection: 0, peer: XpcPeer]
  | readonly [kind: 'received', connection: number, frame: Uint8Array]
  | readonly [kind: 'acknowledged', connection: number, bytes: number]
  | readonly [kind: 'faulted', connection: number, reason: string]
  | readonly [kind: 'ended', connection: number, how: 'closed' | 'interrupted'];

export interface XpcOptions {
  /** The Mach service's name. */
  readonly service: string;
  /** What the other side's code signature must satisfy, in Apple's requirement language; '' = nothing. */
  readonly requirement: string;
  readonly maxFrameBytes: number;
  /** What a peer may send without waiting for acknowledgements, not counting the frame that goes over it. */
  readonly maxUnreadBytes: number;
  readonly maxUnreadFrames: number;
}

export interface XpcAddon {
  /** Null when the requirement cannot be understood. */
  connect(options: XpcOptions, emit: (...event: XpcEvent) => void): XpcHandle | null;
  /** `uid`: the only user who may connect. */
  listen(
    options: XpcOptions & { readonly uid: number },
    emit: (...event: XpcEvent) => void,
  ): { cancel(): void };
}

/** Errors: unsupported_system where there is no XPC, or the addon is not built. */
export const loadXpcAddon = (env: Readonly<Record<string, string | undefined>> = process.env): XpcAddon => {
  const path = env['CODEXPC_TEST_XPC_ADDON'] ?? installedAddon();
  if (path === null) {
    throw new CodexpcError({
      code: 'unsupported_system',
      message: `XPC connections exist on macOS only, and this is ${process.platform}. Use '--transport unix'.`,
    });
  }
  try {
    return createRequire(import.meta.url)(path) as XpcAddon;
  } catch (cause) {
    throw new CodexpcError({
      code: 'unsupported_system',
      message: `The XPC addon ${path} does not load. Build it with 'npm run build', or use '--transport unix'.`,
      cause,
    });
  }
};

const installedAddon = (): string | null =>
  process.platform === 'darwin' ? nativeAddonPath('codexpc-xpc') : null;
