// Everything a daemon can be told, complete. Defaults are filled here, at the edge; inside there are none.

import type { DestinationStream, Level } from 'pino';
import type { EngineSettings } from './actors/engine-control.js';
import type { XpcFrontEndOptions } from './actors/front-end.js';
import type { Fault } from './actors/fault.js';
import type { Forcing } from './actors/forced-call.js';
import { defaultMemoryBudget } from './actors/memory-guard.js';
import type { SessionPolicy } from './actors/session.js';
import type { HttpSettings } from './actors/http/http-front-end.js';
import type { InspectorPageSettings } from './actors/inspector-page/create-inspector-page.js';
import type { SystemCalls } from './actors/system-calls.js';
import type { ToolRunner } from './actors/tools/tool.js';
import { CodexpcError } from './errors.js';
import { isLoopbackName } from './ipc/http/loopback.js';
import { promptBatchTokens } from './config/prompt-batch-tokens.js';
import type { Config } from './config/settings.js';
import type { EnginePolicy } from './machines/engine.js';
import type { SupervisorPolicy } from './machines/supervisor.js';

export interface DaemonOptions {
  readonly version: string;
  /** URL of a module that exports `loadAddon()`: a test's engine. Null: the native one. */
  readonly addonModule: string | null;
  /** What a request without a checkpoint uses. */
  readonly checkpoint: string | null;
  /** Loads the default checkpoint at once, not with the first request for it. */
  readonly preload: boolean;
  /** Null: clients in this process only. */
  readonly socket: { readonly path: string; readonly uid: number; readonly calls: SystemCalls } | null;
  /** Null: no HTTP. */
  readonly http: HttpSettings | null;
  /** Null: no debug page. */
  readonly inspectorPage: InspectorPageSettings | null;
  /** The Mach service that launchd keeps for this process; null: none. */
  readonly xpc: XpcFrontEndOptions | null;
  /** Where a service manager hears of the daemon; null: it has none. */
  readonly service: {
    readonly calls: Pick<SystemCalls, 'notifyService'>;
    readonly env: Readonly<Record<string, string | undefined>>;
  } | null;
  readonly log: { readonly level: Level | 'silent'; readonly destination: DestinationStream };
  readonly engine: EngineSettings;
  readonly queueBound: number;
  readonly quarantineAfter: number;
  readonly policies: {
    readonly supervisor: SupervisorPolicy;
    readonly engine: EnginePolicy;
    readonly session: SessionPolicy;
  };
  readonly fault: Fault | null;
  /** A test hook: the call that the model answers the user with. */
  readonly forcing: Forcing | null;
  /** Runs the daemon's own tools; the daemon closes it. */
  readonly toolRunner: ToolRunner;
}

type FromConfig = 'checkpoint' | 'engine' | 'queueBound' | 'policies' | 'quarantineAfter';
/** What the configuration does not say. */
export interface DaemonSurroundings extends Omit<DaemonOptions, FromConfig> {
  /** Where prefixes are kept from one start to the next; null: nowhere. */
  readonly prefixFolder: string | null;
}

export const daemonOptions = (
  config: EngineConfig,
  { prefixFolder, ...surroundings }: DaemonSurroundings,
): DaemonOptions => ({
  ...surroundings,
  checkpoint: config['engine.checkpoint'],
  queueBound: config['queue.bound'],
  quarantineAfter: 2,
  engine: {
    isolation: config['engine.isolation'],
    numSlots: config['engine.slots'],
    contextLength: config['engine.context_length'],
    maxBatchTokens: config['engine.max_batch_tokens'],
    maxPromptBatchTokens: promptBatchTokens(config),
    maxDraftTokens: config['engine.draft_tokens'],
    kvType: config['engine.kv_type'],
    precision: config['engine.precision'],
    denseWeights: config['weights.dense'],
    backend: config['engine.backend'],
    isa: config['engine.isa'] === 'auto' ? '' : config['engine.isa'],
    numThreads: config['engine.threads'] ?? 0,
    queueBound: config['queue.bound'],
    memoryBudgetBytes: config['engine.memory_budget'] ?? defaultMemoryBudget(),
    beatMs: 5_000,
    prefixCache: {
      memoryBytes: config['cache.memory'],
      diskBytes: config['cache.disk'],
      folder: prefixFolder,
      version: surroundings.version,
    },
  },
  policies: {
    supervisor: {
      startDeadlineMs: 30_000,
      backoff: { baseMs: 200, limitMs: 30_000 },
      restartLimit: 3,
      restartPeriodMs: 60_000,
      stablePeriodMs: 10 * 60_000,
      coolOffMs: 5 * 60_000,
      drainDeadlineMs: config['daemon.drain_timeout'],
      engineStopDeadlineMs: 5_000,
      closeDeadlineMs: 2_000,
    },
    engine: {
      keepAliveMs: config['engine.keep_alive'],
      heartbeatLimitMs: 10_000,
      loadingLimitMs: 120_000,
    },
    session: {
      toolDeadlineMs: 10 * 60_000,
      maxToolRounds: config['tools.max_rounds'],
      maxToolTimeMs: config['tools.max_time'],
      tokenCredit: 64,
      numLoggedTokens: 32,
    },
  },
});

/** Errors: invalid_request. */
export const httpSettings = (config: Config): HttpSettings | null => {
  if (!config['http.enabled']) return null;
  const host = config['http.host'];
  const token = config['http.token'];
  if (!isLoopbackName(host) && (!config['http.allow_remote'] || token === null)) {
    throw new CodexpcError({
      code: 'invalid_request',
      message: `http.host is ${host}, which other machines reach. Set http.allow_remote to true and http.token to a secret of your own, or http.host to 127.0.0.1.`,
      details: { host },
    });
  }
  return {
    host,
    port: config['http.port'],
    extraPorts: config['http.extra_ports'],
    token,
    maxBodyBytes: config['http.max_body'],
  };
};

export const inspectorPageSettings = (
  config: Config,
  announce: (url: string) => void,
): InspectorPageSettings | null =>
  config['inspect.enabled']
    ? { port: config['inspect.port'], showContent: config['inspect.show_content'], announce }
    : null;

/** The settings that a daemon needs; a socket is a matter of its surroundings. */
export type EngineConfig = Omit<
  Config,
  'daemon.log_level' | `daemon.${'socket' | 'transport' | 'xpc_service' | 'xpc_requirement'}`
>;
