// `codexpc daemon --foreground` on a terminal: the daemon, and its state machines on a screen instead of a log.

import { setTimeout as delay } from 'node:timers/promises';
import { type Client, connect } from '../../client/index.js';
import type { CliConfig } from '../cli-config.js';
import type { CliContext, Signal } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { type ServedDaemon, startServedDaemon } from '../in-process.js';
import { openScreen } from '../watch/watch.js';
import type { DaemonCommandOptions } from './daemon.js';

const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Errors: what keeps the daemon from starting; the terminal is as it was by then. */
export const daemonOnScreen = async (
  context: CliContext,
  loaded: CliConfig,
  { preload, fault, xpc }: DaemonCommandOptions,
): Promise<number> => {
  let pageUrl: string | null = null;
  const tellPage = (): void => {
    if (pageUrl !== null) screen?.say(`Debug page: ${pageUrl}`, Infinity);
  };
  let screen: ReturnType<typeof openScreen> | null = null;
  const served = await startServedDaemon(context, loaded, {
    log: { write: () => {} }, // the screen has it from the debug stream
    preload,
    fault,
    xpc,
    service: false,
    announceInspector: (url) => {
      pageUrl = url;
      tellPage();
    },
  });
  const stopped = served.stopped.then(
    () => null,
    (error: unknown) => ({ error }),
  );
  const ended = new AbortController();
  void stopped.then(() => ended.abort());
  const client = await connectWhenOpen(served.openTransport, ended.signal);
  if (client === null) throw (await stopped)?.error ?? new Error('the daemon stopped before it was open');
  let numSignals = 0;
  const terminate = (): void => {
    if (++numSignals === 1) screen?.say('Stopping after the running answers; q once more stops at once.');
    served.terminate();
  };
  const machines = await client.machines();
  const shown = openScreen({ context, client, machines, onQuit: terminate });
  screen = shown;
  tellPage();
  const removers = SIGNALS.map((signal) => context.onSignal(signal, terminate));
  const watching = (async () => {
    for await (const event of client.watch({ signal: ended.signal, history: true })) await shown.take(event);
  })().catch(() => {}); // its connection ends with the daemon
  try {
    const end = await stopped;
    if (end !== null) throw end.error;
    return EXIT.ok;
  } finally {
    ended.abort();
    await watching;
    shown[Symbol.dispose]();
    removers.forEach((remove) => remove());
    client.close();
  }
};

const RETRY_MS = 20;

/** The front end takes connections a moment after the start. Null: the daemon ended before that. */
const connectWhenOpen = async (
  openTransport: ServedDaemon['openTransport'],
  ended: AbortSignal,
): Promise<Client | null> => {
  while (!ended.aborted) {
    try {
      return await connect({ openTransport, name: 'codexpc daemon --foreground' });
    } catch {
      await delay(RETRY_MS); // closed as yet
    }
  }
  return null;
};
