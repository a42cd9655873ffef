// The daemon that Codex is to talk to: the one that runs, the installed one, or one that is started now and stays.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '../../client/index.js';
import { CodexpcError } from '../../errors.js';
import { fromWireError } from '../../ipc/protocol.js';
import type { CliConfig } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { isNobodyThere, openDaemon } from '../open-session.js';
import { currentProgram } from '../program-path.js';
import { SERVICE_NAME } from '../service/units.js';

const START_TIMEOUT_MS = 30_000;
const HTTP_TIMEOUT_MS = 10_000;
const LOOK_AGAIN_MS = 100;

/** A connection to a daemon that runs when this resolves. Errors: io_error. */
export const servingDaemon = async (context: CliContext, loaded: CliConfig): Promise<Client> => {
  try {
    return await openDaemon(loaded);
  } catch (error) {
    if (!isNobodyThere(error)) throw error;
  }
  if (existsSync(join(loaded.paths.systemdUserFolder, SERVICE_NAME))) {
    const { connect } = await import('../../client/index.js');
    return connect({
      socketPath: loaded.config['daemon.socket'],
      name: 'codexpc codex',
      autoStart: true,
      startTimeoutMs: START_TIMEOUT_MS,
    });
  }
  return startDetached(context, loaded);
};

/** A daemon that outlives this command: other Codex sessions use it too, and it lets go of its model when idle. */
const startDetached = async ({ env, stderr }: CliContext, loaded: CliConfig): Promise<Client> => {
  const { node, main } = currentProgram();
  const daemon = spawn(node, [main, 'daemon', '--service'], { detached: true, stdio: 'ignore', env });
  let ended: string | null = null;
  daemon.once('exit', (code, signal) => (ended = signal ?? `exit code ${code}`));
  daemon.once('error', (error) => (ended = error.message));
  daemon.unref();
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      const client = await openDaemon(loaded);
      stderr.write(`codexpc: started the daemon (pid ${daemon.pid}); 'codexpc stop' ends it\n`);
      return client;
    } catch (error) {
      if (!isNobodyThere(error)) throw error;
      if (ended !== null || Date.now() > deadline) throw didNotStart(ended, error);
    }
    await delay(LOOK_AGAIN_MS);
  }
};

/** Where its HTTP is. Errors: address_in_use, io_error, unsupported_option (it is switched off). */
export const httpAddressOf = async (
  client: Client,
): Promise<{ readonly url: string; readonly needsToken: boolean }> => {
  const deadline = Date.now() + HTTP_TIMEOUT_MS;
  for (;;) {
    const { http } = await client.status();
    if (http === null) throw switchedOff();
    if (http.error !== null) throw fromWireError(http.error);
    if (http.url !== null) return { url: http.url, needsToken: http.needsToken };
    if (Date.now() > deadline) throw didNotStart('no HTTP', null);
    await delay(LOOK_AGAIN_MS);
  }
};

const didNotStart = (how: string | null, cause: unknown): CodexpcError =>
  new CodexpcError({
    code: 'io_error',
    message: `The daemon did not start (${how ?? 'no answer in time'}). Run 'codexpc daemon' in a terminal to see why, or 'codexpc doctor'.`,
    cause,
  });

const switchedOff = (): CodexpcError =>
  new CodexpcError({
    code: 'unsupported_option',
    message:
      'The daemon serves no HTTP (http.enabled is false), and Codex speaks nothing else. Set it to true and restart the daemon.',
  });
