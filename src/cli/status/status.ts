// `codexpc status`: one screen about the daemon, once or live.

import { setTimeout as delay } from 'node:timers/promises';
import { CodexpcError } from '../../errors.js';
import type { Status } from '../../ipc/protocol.js';
import { type CliConfig, type ConfigFlags, loadCliConfig } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { Interrupted, Interruption } from '../interruption.js';
import { openDaemon } from '../open-session.js';
import { Output, PipeClosed } from '../output.js';
import { harmless, paintFor } from '../terminal-text.js';
import { formatStatus } from './format-status.js';

export interface StatusOptions extends ConfigFlags {
  readonly json: boolean;
  readonly watch: boolean;
  readonly intervalMs: number;
}

export const status = async (context: CliContext, options: StatusOptions): Promise<number> => {
  const config = loadCliConfig(context, options);
  const output = new Output(context.stdout);
  if (!options.watch) {
    const current = await ask(config);
    await output.write(present(context, options, current));
    return current.state === 'ready' ? EXIT.ok : EXIT.unhealthy;
  }
  const interruption = new Interruption(context);
  const screen = context.stdout.isTTY === true && !options.json;
  try {
    // A daemon that goes away and comes back is what one watches for: its absence is shown, not fatal.
    for (;;) {
      const text = await interruption.race(
        ask(config).then((current) => present(context, options, current), absence),
      );
      await output.write(
        screen ? `${HOME}${text.replaceAll('\n', `${CLEAR_REST_OF_LINE}\n`)}${CLEAR_BELOW}` : text,
      );
      await delay(options.intervalMs, undefined, { signal: interruption.signal });
    }
  } catch (error) {
    if (error instanceof PipeClosed) return EXIT.pipeClosed;
    if (error instanceof Interrupted || interruption.signal.aborted) return EXIT.ok; // leaving is what Ctrl-C is for here
    throw error;
  } finally {
    interruption.dispose();
  }
};

const HOME = '\u001b[H';
const CLEAR_REST_OF_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

const ask = async (config: CliConfig): Promise<Status> => {
  const client = await openDaemon(config);
  try {
    return await client.status();
  } finally {
    client.close();
  }
};

const present = (context: CliContext, { json, watch }: StatusOptions, current: Status): string => {
  if (json) return `${JSON.stringify(current)}\n`;
  const text = formatStatus(current, paintFor(context.stdout, context.env));
  return watch && context.stdout.isTTY !== true ? `${text}\n` : text;
};

const absence = (error: unknown): string => {
  if (error instanceof CodexpcError) return `${harmless(error.message)} [${error.code}]\n`;
  throw error;
};
