// The way from the command line to the composition root, for `codexpc daemon` and for answers without a daemon.
// By dynamic import only, and from no other file: `codexpc health` loads neither engine nor machines.

import { userInfo } from 'node:os';
import type { Transport } from '../client/index.js';
import type { CliConfig } from './cli-config.js';
import type { CliContext } from './context.js';
import { createPrettyLog } from './logs/format-log.js';
import { pocketModel } from './program-path.js';
import { wantsColour } from './terminal-text.js';
import { VERSION } from './version.js';

export interface InProcessDaemon {
  openTransport(): Promise<Transport>;
  /** Cancels what is running and ends the engine. */
  stop(): Promise<void>;
}

/** A daemon for this process alone. It logs only when that is asked for: what fails is told by the command. */
export const startInProcess = async (
  { stderr, env }: CliContext,
  loaded: CliConfig,
  { verbose, preload }: { readonly verbose: boolean; readonly preload: boolean },
): Promise<InProcessDaemon> => {
  const { config, origins } = loaded;
  const level =
    origins['daemon.log_level'].from !== 'default'
      ? config['daemon.log_level']
      : verbose
        ? 'debug'
        : 'silent';
  // The formatter is left out where it has nothing to do: it would cost a tenth of the time to the first token.
  const destination =
    level === 'silent' ? { write: () => {} } : await createPrettyLog(stderr, wantsColour(stderr, env));
  const [{ createDaemon, daemonOptions }, tools] = await Promise.all([
    import('../daemon.js'),
    ownTools(loaded, env),
  ]);
  const daemon = createDaemon(
    daemonOptions(withDefaultModel(config), {
      version: VERSION,
      addonModule: addonModule(env),
      preload,
      socket: null,
      http: null,
      inspectorPage: null,
      xpc: null,
      service: null,
      prefixFolder: null, // an answer or two are not worth hundreds of megabytes
      log: { level, destination },
      fault: null,
      ...tools,
    }),
  );
  daemon.start();
  return {
    openTransport: async () => daemon.connectInMemory(),
    stop: async () => {
      daemon.shutdown('now');
      await daemon.stopped;
    },
  };
};

export interface ServedDaemonOptions {
  readonly log: { write(line: string): void };
  readonly preload: boolean;
  /** The test hook's text; null: none. */
  readonly fault: string | null;
  /** Serve the Mach service too. */
  readonly xpc: boolean;
  /** Told the address of the debug page, with its secret. */
  readonly announceInspector: (url: string) => void;
  /** Tell the service manager. */
  readonly service: boolean;
}

export interface ServedDaemon {
  /** What a signal asks for: the first drains, the second stops at once. */
  terminate(): void;
  /** A client of this process. */
  openTransport(): Promise<Transport>;
  /** Resolves when everything has ended. Errors: address_in_use, io_error and what else keeps it from starting. */
  readonly stopped: Promise<void>;
}

/** A daemon on its socket. */
export const startServedDaemon = async (
  { env }: CliContext,
  loaded: CliConfig,
  { log, preload, fault, xpc, service, announceInspector }: ServedDaemonOptions,
): Promise<ServedDaemon> => {
  const { config } = loaded;
  const [
    { createDaemon, daemonOptions, httpSettings, inspectorPageSettings },
    { loadSystemCalls },
    { parseFault },
    tools,
  ] = await Promise.all([
    import('../daemon.js'),
    import('../actors/system-calls.js'),
    import('../actors/fault.js'),
    ownTools(loaded, env),
  ]);
  const calls = loadSystemCalls();
  if (!config['daemon.core_dumps']) calls.forbidCoreDumps();
  const { uid } = userInfo();
  const daemon = createDaemon(
    daemonOptions(withDefaultModel(config), {
      version: VERSION,
      addonModule: addonModule(env),
      preload,
      socket: { path: config['daemon.socket'], uid, calls },
      http: httpSettings(config),
      inspectorPage: inspectorPageSettings(config, announceInspector),
      xpc: xpc ? await xpcOptions(config, env, uid) : null,
      service: service ? { calls, env } : null,
      prefixFolder: loaded.paths.prefixFolder,
      log: { level: config['daemon.log_level'], destination: log },
      fault: fault === null ? null : parseFault(fault),
      ...tools,
    }),
  );
  daemon.start();
  return {
    terminate: () => daemon.terminate(),
    openTransport: async () => daemon.connectInMemory(),
    stopped: daemon.stopped.then(({ error }) => {
      if (error !== null) throw error;
    }),
  };
};

/** The tools that are allowed, and the call that tests force. */
const ownTools = async (loaded: CliConfig, env: CliContext['env']) => {
  const [{ openConfiguredTools }, { parseForcing }] = await Promise.all([
    import('../actors/tools/configured-tools.js'),
    import('../actors/forced-call.js'),
  ]);
  const forced = env['CODEXPC_TEST_FORCE_TOOL'] ?? '';
  return {
    toolRunner: await openConfiguredTools(loaded, loaded.paths.stateFolder),
    forcing: forced === '' ? null : parseForcing(forced),
  };
};

const xpcOptions = async (config: CliConfig['config'], env: CliContext['env'], uid: number) => {
  const { loadXpcAddon } = await import('../ipc/transports/xpc-addon.js');
  return {
    addon: loadXpcAddon(env),
    service: config['daemon.xpc_service'],
    requirement: config['daemon.xpc_requirement'] ?? '',
    uid,
  };
};

const withDefaultModel = (config: CliConfig['config']): CliConfig['config'] => ({
  ...config,
  'engine.checkpoint': config['engine.checkpoint'] ?? pocketModel(),
});

/** Tests give an engine of their own, by the URL of a module that exports `loadAddon()`. */
const addonModule = (env: CliContext['env']): string | null => env['CODEXPC_TEST_ADDON'] ?? null;
