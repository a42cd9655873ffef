// Finds a daemon to talk to: the one that runs, the installed one (started), or one in this process.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '../client/index.js';
import { CodexpcError } from '../errors.js';
import type { CliConfig } from './cli-config.js';
import type { CliContext } from './context.js';
import { withDeadline } from './with-deadline.js';

export interface Session {
  readonly client: Client;
  readonly where: 'daemon' | 'in-process';
  /** Twice is harmless. */
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly inProcess: boolean;
  readonly verbose: boolean;
  /** What the requests are going to name; null: the default, which can be loaded at once. */
  readonly checkpoint: string | null;
}

const CLIENT_NAME = 'codexpc command line';
/** A service that starts may take its time; one that is there answers at once, unless it hangs or the machine is very busy. */
const START_TIMEOUT_MS = 30_000;
const ANSWER_TIMEOUT_MS = 5_000;

/** For commands that ask a daemon about itself. Errors: io_error when none runs or it does not answer. */
export const openDaemon = async (
  { config }: CliConfig,
  answerTimeoutMs: number = ANSWER_TIMEOUT_MS,
): Promise<Client> => {
  const { connect } = await import('../client/index.js');
  const name = CLIENT_NAME;
  if (config['daemon.transport'] === 'xpc') {
    const service = config['daemon.xpc_service'];
    const xpc = { service, requirement: config['daemon.xpc_requirement'] };
    // launchd starts the daemon for the first message.
    return withDeadline(connect({ xpc, name }), START_TIMEOUT_MS, () =>
      silent(`the Mach service ${service}`, START_TIMEOUT_MS),
    );
  }
  const path = config['daemon.socket'];
  return withDeadline(connect({ socketPath: path, name }), answerTimeoutMs, () =>
    silent(path, answerTimeoutMs),
  );
};

/** For commands that need answers. `inProcess` asks for no daemon; else one in this process is the last resort. */
export const openSession = async (
  context: CliContext,
  config: CliConfig,
  options: SessionOptions,
): Promise<Session> => {
  if (options.inProcess) return openInProcess(context, config, options);
  const socketPath = config.config['daemon.socket'];
  const isNamed =
    config.origins['daemon.socket'].from === 'flag' || config.config['daemon.transport'] === 'xpc';
  // The client is loaded only where there may be somebody to talk to: it takes a tenth of the time to a first token.
  if (isNamed || existsSync(socketPath)) {
    try {
      return ofDaemon(await openPatiently(context, config));
    } catch (error) {
      if (!isNobodyThere(error) || isNamed) throw error;
    }
  }
  const installed = existsSync(join(config.paths.systemdUserFolder, 'codexpc.service'));
  if (!installed) return openInProcess(context, config, options);
  const { connect } = await import('../client/index.js');
  return ofDaemon(
    await withDeadline(
      connect({ socketPath, name: CLIENT_NAME, autoStart: true, startTimeoutMs: START_TIMEOUT_MS }),
      START_TIMEOUT_MS + ANSWER_TIMEOUT_MS,
      () => silent(socketPath, START_TIMEOUT_MS),
    ),
  );
};

/** Who wants an answer rather waits for a daemon on a busy machine than does without, and is told so. */
const openPatiently = async (context: CliContext, config: CliConfig): Promise<Client> => {
  const notice = setTimeout(
    () => context.stderr.write('codexpc: the daemon has not answered yet; waiting …\n'),
    ANSWER_TIMEOUT_MS,
  );
  try {
    return await openDaemon(config, START_TIMEOUT_MS);
  } finally {
    clearTimeout(notice);
  }
};

const ofDaemon = (client: Client): Session => ({
  client,
  where: 'daemon',
  close: async () => client.close(),
});

/** The engine's thread starts and loads the model while this one goes on loading the client. */
const openInProcess = async (
  context: CliContext,
  config: CliConfig,
  { verbose, checkpoint }: SessionOptions,
): Promise<Session> => {
  const { startInProcess } = await import('./in-process.js');
  const daemon = await startInProcess(context, config, { verbose, preload: checkpoint === null });
  try {
    const { connect } = await import('../client/index.js');
    const client = await connect({ openTransport: daemon.openTransport, name: CLIENT_NAME });
    return {
      client,
      where: 'in-process',
      close: async () => {
        client.close();
        await daemon.stop();
      },
    };
  } catch (error) {
    await daemon.stop();
    throw error;
  }
};

export const isNobodyThere = (error: unknown): boolean => {
  const cause = error instanceof CodexpcError ? error.cause : error;
  return (
    cause instanceof Error && ['ENOENT', 'ECONNREFUSED'].includes((cause as NodeJS.ErrnoException).code ?? '')
  );
};

const silent = (path: string, timeoutMs: number): CodexpcError =>
  new CodexpcError({
    code: 'io_error',
    message: `The daemon at ${path} accepts connections but has not answered within ${timeoutMs / 1000} s. On a very busy machine try again later; see 'codexpc logs'; if it hangs, restart it ('systemctl --user restart codexpc', or end its process).`,
    details: { path, timeoutMs },
  });
