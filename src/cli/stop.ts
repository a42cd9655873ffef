// `codexpc stop`: ends the daemon after the running answers, and waits until it is gone.

import { setTimeout as delay } from 'node:timers/promises';
import { CodexpcError } from '../errors.js';
import { type ConfigFlags, loadCliConfig } from './cli-config.js';
import type { CliContext } from './context.js';
import { EXIT } from './exit-codes.js';
import { plural } from './format.js';
import { isNobodyThere, openDaemon } from './open-session.js';

const POLL_MS = 50;
const MARGIN_MS = 15_000;

export const stop = async (
  context: CliContext,
  flags: ConfigFlags & { readonly now: boolean },
): Promise<number> => {
  const loaded = loadCliConfig(context, flags);
  let client;
  try {
    client = await openDaemon(loaded);
  } catch (error) {
    if (!isNobodyThere(error)) throw error;
    context.stdout.write('No daemon is running.\n');
    return EXIT.ok;
  }
  const { requests, pid } = await client.status();
  await client.shutdown(flags.now ? 'now' : 'drain');
  client.close();
  if (!flags.now && requests.running > 0) {
    context.stderr.write(`codexpc: waiting for ${plural(requests.running, 'running answer')} …\n`);
  }
  const deadline = performance.now() + loaded.config['daemon.drain_timeout'] + MARGIN_MS;
  while (isAlive(pid)) {
    if (performance.now() > deadline) throw stillThere(pid);
    await delay(POLL_MS);
  }
  context.stdout.write('The daemon has stopped.\n');
  return EXIT.ok;
};

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const stillThere = (pid: number): CodexpcError =>
  new CodexpcError({
    code: 'io_error',
    message: `The daemon (pid ${pid}) has not stopped in time. Stop it at once with 'codexpc stop --now'.`,
    details: { pid },
  });
