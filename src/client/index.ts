// codexpc/client: the public face. `const client = await connect(); await client.respond({ items }).text()`

import { CodexpcError, daemonUnreachable } from '../errors.js';
import { socketPath as defaultSocketPath } from '../ipc/socket-path.js';
import type { Transport } from '../ipc/transport.js';
import { connectSocket } from '../ipc/transports/socket.js';
import { SERVICE_LABEL } from '../service-label.js';
import { startInstalledService } from './auto-start.js';
import { Client } from './client.js';

export interface ConnectOptions {
  /** Where the daemon listens; by default where it does by default. */
  readonly socketPath?: string;
  /** Over XPC instead, on macOS. launchd starts the daemon when it does not run. */
  readonly xpc?: {
    /** The Mach service; by default the one that `codexpc install` sets up. */
    readonly service?: string;
    /** What the daemon's code signature must satisfy; null: nothing. */
    readonly requirement?: string | null;
  };
  /** Another way to reach a daemon, such as one in this process. */
  readonly openTransport?: () => Promise<Transport>;
  /** What to do when nothing answers: `true` starts the installed service, a function starts it in its own way. */
  readonly autoStart?: boolean | (() => Promise<void>);
  /** How long a started daemon may take until it answers. */
  readonly startTimeoutMs?: number;
  /** Who connects, for the daemon's log. */
  readonly name?: string;
}

/** Resolves when the daemon has answered. Errors: io_error (nothing answers), version_mismatch. */
export const connect = async (options: ConnectOptions = {}): Promise<Client> => {
  const {
    socketPath = defaultSocketPath(),
    autoStart = false,
    startTimeoutMs = 10_000,
    name = 'codexpc-client',
  } = options;
  const openSocket = (): Promise<Transport> =>
    connectOrStart({ path: socketPath, start: starter(autoStart), startTimeoutMs });
  const openTransport =
    options.openTransport ?? (options.xpc === undefined ? openSocket : xpcOpener(options.xpc));
  const client = new Client({ openTransport, name });
  await client.health();
  return client;
};

/** Loaded only where it is asked for. */
const xpcOpener =
  ({ service = SERVICE_LABEL, requirement }: NonNullable<ConnectOptions['xpc']>) =>
  async (): Promise<Transport> => {
    const [{ connectXpc }, { loadXpcAddon }] = await Promise.all([
      import('../ipc/transports/xpc.js'),
      import('../ipc/transports/xpc-addon.js'),
    ]);
    return connectXpc({ addon: loadXpcAddon(), service, requirement: requirement ?? '' });
  };

interface StartOptions {
  readonly path: string;
  readonly start: (() => Promise<void>) | null;
  readonly startTimeoutMs: number;
}

const RETRY_MS = 50;

const connectOrStart = async ({ path, start, startTimeoutMs }: StartOptions): Promise<Transport> => {
  try {
    return await connectSocket(path);
  } catch (error) {
    if (start === null || !isNobodyThere(error)) throw daemonUnreachable(path, error);
  }
  await start();
  const deadline = performance.now() + startTimeoutMs;
  for (;;) {
    try {
      return await connectSocket(path);
    } catch (error) {
      if (!isNobodyThere(error) || performance.now() > deadline) throw daemonUnreachable(path, error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
};

const starter = (autoStart: boolean | (() => Promise<void>)): (() => Promise<void>) | null => {
  if (typeof autoStart === 'function') return autoStart;
  return autoStart ? startInstalledService : null;
};

const isNobodyThere = (error: unknown): boolean =>
  ['ENOENT', 'ECONNREFUSED'].includes((error as Partial<NodeJS.ErrnoException>).code ?? '');

export { Client, CodexpcError };
export { type ErrorCode, type ErrorKind, isErrorCode } from '../errors.js';
export { Conversation } from './conversation.js';
export type { ClientRespondOptions } from './respond.js';
export { Response, type ResponseResult } from './response.js';
export type { ClientFreeformTool, ClientFunction, ClientTool, ToolCall, ToolCallContext } from './tools.js';
export type {
  ConversationItem,
  FinishReason,
  FreeformTool,
  FunctionTool,
  Health,
  LoadedModel,
  ModelInfo,
  OutputItem,
  ResponseEvent,
  Sampling,
  Status,
  Timings,
  Tool,
  ToolResult,
  ToolChoice,
  Usage,
  WatchEvent,
} from '../ipc/protocol.js';
export type { Transport } from '../ipc/transport.js';
