// `codexpc daemon`: in this terminal, as the service manager's child, or handed to the service manager.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CodexpcError } from '../../errors.js';
import { type CliConfig, type ConfigFlags, loadCliConfig } from '../cli-config.js';
import type { CliContext, Signal } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { startServedDaemon } from '../in-process.js';
import { createPrettyLog } from '../logs/format-log.js';
import { managerState, requireSystemctl, serviceManagerMissing } from '../service/systemctl.js';
import { SERVICE_NAME } from '../service/units.js';
import { wantsColour } from '../terminal-text.js';
import { wantsScreen } from '../watch/wants-screen.js';
import { LogFile } from './log-file.js';
import { keepHeapSmall } from './small-heap.js';

export interface DaemonCommandOptions extends ConfigFlags {
  readonly mode: 'foreground' | 'background' | 'service';
  /** Show the state machines, where there is a terminal. */
  readonly screen: boolean;
  readonly preload: boolean;
  readonly fault: string | null;
  /** Serve the Mach service too. */
  readonly xpc: boolean;
}

export const daemon = async (context: CliContext, options: DaemonCommandOptions): Promise<number> => {
  if (options.mode !== 'background') keepHeapSmall();
  const loaded = loadCliConfig(context, options);
  if (options.mode === 'background') return startService(context, loaded, options);
  if (options.mode === 'foreground' && options.screen && wantsScreen(context, { json: false, ui: true })) {
    const { daemonOnScreen } = await import('./daemon-on-screen.js');
    return daemonOnScreen(context, loaded, options);
  }
  const log = options.mode === 'service' ? openLogFile(context, loaded) : await foregroundLog(context);
  const removers: (() => void)[] = [];
  try {
    const served = await startServedDaemon(context, loaded, {
      log,
      preload: options.preload,
      fault: options.fault,
      xpc: options.xpc,
      service: options.mode === 'service',
      // Not a log line: these go to everybody who watches, and into recordings.
      announceInspector: (url) =>
        options.mode === 'service'
          ? log.write(
              `${JSON.stringify({ level: 30, time: Date.now(), pid: process.pid, url, msg: 'the debug page is at' })}\n`,
            )
          : context.stderr.write(`codexpc: the debug page is at ${url}\n`),
    });
    removers.push(...terminateOnSignals(context, options, () => served.terminate()));
    await served.stopped;
    return EXIT.ok;
  } finally {
    for (const remove of removers) remove();
    if (log instanceof LogFile) log[Symbol.dispose]();
  }
};

const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const terminateOnSignals = (
  { onSignal, stderr }: CliContext,
  { mode }: DaemonCommandOptions,
  terminate: () => void,
): (() => void)[] => {
  let numSignals = 0;
  return SIGNALS.map((signal) =>
    onSignal(signal, () => {
      if (++numSignals === 1 && mode === 'foreground') {
        stderr.write('codexpc: stopping after the running answers; once more stops at once\n');
      }
      terminate();
    }),
  );
};

const foregroundLog = ({ stderr, env }: CliContext) => createPrettyLog(stderr, wantsColour(stderr, env));

/** A home that cannot be written must not keep the daemon from running: the journal has the log then. */
const openLogFile = (
  { stderr }: CliContext,
  { paths }: CliConfig,
): LogFile | { write(line: string): void } => {
  try {
    return LogFile.open(paths.logFile);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    stderr.write(`codexpc: the log file cannot be written (${reason}); logging here\n`);
    return { write: (line) => void stderr.write(line) };
  }
};

const startService = async (
  { env, stdout, place }: CliContext,
  { paths }: CliConfig,
  { settings = {} }: DaemonCommandOptions,
): Promise<number> => {
  const flags = Object.values(settings).map(({ flag }) => flag);
  if (flags.length > 0) {
    throw new CodexpcError({
      code: 'unsupported_option',
      message: `${flags.join(', ')} cannot be given to the background service. Write it into ${paths.configFile}; 'codexpc config show' tells the keys.`,
    });
  }
  if (place.platform !== 'linux') throw serviceManagerMissing('no_systemd');
  if (!existsSync(join(paths.systemdUserFolder, SERVICE_NAME))) {
    throw new CodexpcError({
      code: 'unsupported_system',
      message:
        "The background service is not installed. Install it with 'codexpc install', or run 'codexpc daemon' in a terminal.",
    });
  }
  const state = await managerState(env);
  if (state !== 'running') throw serviceManagerMissing(state);
  await requireSystemctl(['start', SERVICE_NAME], env);
  stdout.write("The daemon runs in the background. See 'codexpc status' and 'codexpc logs'.\n");
  return EXIT.ok;
};
