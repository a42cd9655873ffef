// A daemon inside this process, for when none runs. The only place from which the command line reaches the
// composition root, and only by dynamic import: `codexpc health` loads neither engine nor machines.

import type { Transport } from '../client/index.js';
import type { CliConfig } from './cli-config.js';
import type { CliContext } from './context.js';

export interface InProcessDaemon {
  openTransport(): Promise<Transport>;
  /** Cancels what is running and ends the engine. */
  stop(): Promise<void>;
}

export const startInProcess = async (
  _context: CliContext,
  _config: CliConfig,
  _options: { readonly verbose: boolean },
): Promise<InProcessDaemon> => {
  throw new Error('not wired to the daemon yet');
};
