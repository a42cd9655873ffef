// The composition root: builds the actors, gives them to each other and starts the root machine.

import { createActor } from 'xstate';
import { createDaemonLog } from './actors/daemon-log.js';
import { createDaemonService } from './actors/daemon-service.js';
import { reportStatus, type ReportSources } from './actors/daemon-report.js';
import { createDecoderInspection } from './actors/decoder-inspection.js';
import { createEngineActor } from './actors/engine-actor.js';
import { engineGivenUp, engineStartTimedOut } from './actors/engine-errors.js';
import { INJECTABLE_FAULTS } from './actors/fault.js';
import { FrontEnd } from './actors/front-end.js';
import { createFrontEndsLogic } from './actors/front-ends.js';
import { createHttpOpening } from './actors/http-opening.js';
import { createInspector } from './actors/inspection.js';
import { createInspectorPageOpening } from './actors/inspector-page-opening.js';
import { createModelCatalogue } from './actors/model-catalogue.js';
import { createServiceNotifier } from './actors/service-notifier.js';
import { createSessions } from './actors/sessions.js';
import { createStallMonitor } from './actors/stall-monitor.js';
import { startWatchCounter } from './actors/watch-counters.js';
import { createWatchers } from './actors/watchers.js';
import type { DaemonOptions } from './daemon-options.js';
import type { CodexpcError } from './errors.js';
import { createFrontEndCounters } from './ipc/counters.js';
import type { DaemonService } from './ipc/service.js';
import { systemTimers } from './ipc/timers.js';
import type { Transport } from './ipc/transport.js';
import { createSupervisorMachine, phaseOf } from './machines/supervisor.js';

export type { DaemonOptions } from './daemon-options.js';
export { daemonOptions, httpSettings, inspectorPageSettings } from './daemon-options.js';

export interface Daemon extends DaemonService {
  start(): void;
  /** What a signal asks for: the first drains, the second stops at once. */
  terminate(): void;
  /** Resolves when everything has ended; `error` says why it could not start, or failed as a whole. */
  readonly stopped: Promise<{ readonly error: CodexpcError | null }>;
  /** The client's end of a connection within this process. */
  connectInMemory(): Transport;
}

/** Wall time when the process began, and from there on a clock that nobody sets: how long it has been up never jumps. */
const steadyMs = (): number => performance.timeOrigin + performance.now();

/** Of the debug stream, for watchers that come late: minutes of a busy daemon, in about 4 MB. */
const NUM_KEPT_EVENTS = 10_000;

export const createDaemon = (options: DaemonOptions): Daemon => {
  const { version, policies } = options;
  const { pid } = process;
  const startedMs = steadyMs();
  const counters = createFrontEndCounters();
  const sessions = createSessions();
  const stalls = createStallMonitor();
  const watchers = createWatchers({
    snapshot: (content) => ({
      kind: 'snapshot',
      at: Date.now(),
      actors: inspector.actors(),
      status: reportStatus(sources),
      content,
      faults: options.fault === null ? [] : INJECTABLE_FAULTS,
    }),
    count: () =>
      startWatchCounter({
        status: () => reportStatus(sources),
        load: engine.load,
        inspector,
        stalls,
        now: steadyMs,
      }),
    now: Date.now,
    numKept: NUM_KEPT_EVENTS,
  });
  const logger = createDaemonLog({ ...options.log, watchers });
  const inspector = createInspector({ logger, publish: watchers.record, now: Date.now });
  const { inspect } = inspector;
  const engine = createEngineActor({
    addonModule: options.addonModule,
    settings: options.engine,
    policy: policies.engine,
    fault: options.fault,
    preload: options.preload ? options.checkpoint : null,
    logger,
    inspect,
  });

  const supervisor = createActor(
    createSupervisorMachine({
      runSessions: sessions.logic,
      runFrontEnds: createFrontEndsLogic(() =>
        [frontEnd, http, inspectorPage].filter((opening) => opening !== null),
      ),
      runEngine: engine.logic,
    }),
    {
      id: 'supervisor',
      inspect,
      input: { policy: policies.supervisor, random: Math.random, startTimeout: engineStartTimedOut },
    },
  );

  const sources: ReportSources = {
    version,
    pid,
    startedMs,
    now: steadyMs,
    supervisor: () => supervisor.getSnapshot(),
    engine,
    sessions,
    counters,
    stalls,
    numSlots: options.engine.numSlots,
    queueBound: options.queueBound,
    memoryBudgetBytes: options.engine.memoryBudgetBytes,
    http: () => http?.report() ?? null,
  };
  const service = createDaemonService({
    supervisor,
    engine,
    sessions,
    toolRunner: options.toolRunner,
    catalogue: createModelCatalogue(engine, options.checkpoint, options.engine.contextLength),
    stalls,
    watchers,
    sources,
    defaultCheckpoint: options.checkpoint,
    queueBound: options.queueBound,
    quarantineAfter: options.quarantineAfter,
    policy: policies.session,
    forcing: options.forcing,
    logger,
    inspect,
    observeResponse: createDecoderInspection({ watchers, inspector, now: Date.now }),
  });
  const frontEnd = new FrontEnd({
    service,
    daemon: { version, pid },
    counters,
    logger,
    socket: options.socket,
    xpc: options.xpc,
    inspect,
    onFailed: (error) => supervisor.send({ type: 'frontEnds.failed', error }),
  });
  const http =
    options.http === null
      ? null
      : createHttpOpening({
          settings: options.http,
          service,
          version,
          startedMs,
          observeSessions: sessions.observe,
          counters,
          logger,
          inspect,
        });
  const inspectorPage =
    options.inspectorPage === null
      ? null
      : createInspectorPageOpening({
          settings: options.inspectorPage,
          service,
          daemon: { version, pid },
          counters,
          logger,
          inspect,
        });
  const notifier =
    options.service === null
      ? null
      : createServiceNotifier({ ...options.service, pid, timers: systemTimers, isHealthy: () => true });

  let lastPhase = 'booting';
  const onPhase = (): void => {
    const snapshot = supervisor.getSnapshot();
    const phase = phaseOf(snapshot);
    if (phase === lastPhase) return;
    lastPhase = phase;
    if (phase === 'degraded') {
      engine.failWaiting(engineGivenUp(snapshot.context.lastError, policies.supervisor.coolOffMs));
    }
    if (phase === 'ready') notifier?.ready();
    if (phase === 'draining' || phase === 'closing') notifier?.stopping();
    notifier?.status(phase);
  };

  const stopped = new Promise<{ readonly error: CodexpcError | null }>((resolve) => {
    supervisor.subscribe({
      next: onPhase,
      complete: () => {
        notifier?.dispose();
        watchers.close();
        stalls.close();
        const result = supervisor.getSnapshot().output ?? { error: null };
        void options.toolRunner.close().then(() => resolve(result));
      },
    });
  });

  return {
    ...service,
    start: () => {
      logger.info({ version, pid, checkpoint: options.checkpoint }, 'codexpc daemon starts');
      supervisor.start();
    },
    terminate: () => supervisor.send({ type: 'terminate' }),
    stopped,
    connectInMemory: () => frontEnd.connectInMemory(),
  };
};
