// DaemonService over the actors: checks what the supervisor's state allows, and hands on.

import { randomBytes } from 'node:crypto';
import type { InspectionEvent } from 'xstate';
import type { Logger } from 'pino';
import type { Respond } from '../ipc/protocol.js';
import { machineCatalogue } from '../inspect/machine-catalogue.js';
import type { DaemonService, ResponseSink } from '../ipc/service.js';
import { numCrashesOf } from '../machines/quarantine.js';
import type { SupervisorEvent, SupervisorSnapshot } from '../machines/supervisor.js';
import { phaseOf } from '../machines/supervisor.js';
import { modelNameOf } from './checkpoint-file.js';
import { constraintOf } from './constraints/constraint.js';
import { reportHealth, reportStatus, type ReportSources, whyNot } from './daemon-report.js';
import { offerTools } from './daemon-tools.js';
import type { ResponseObserver } from './decoder-inspection.js';
import type { EngineActor } from './engine-actor.js';
import {
  duplicateRequest,
  noCheckpoint,
  noSuchCall,
  queueFull,
  requestQuarantined,
} from './engine-errors.js';
import { parseInjectedFault } from './fault.js';
import { forcedTurn, type Forcing } from './forced-call.js';
import type { ModelCatalogue } from './model-catalogue.js';
import { checkTools } from './offered-tools.js';
import { clockMs } from './engine-frames.js';
import { availableMemory } from './memory-guard.js';
import { localDate } from './local-date.js';
import { startSession, type SessionPolicy } from './session.js';
import type { Sessions } from './sessions.js';
import type { StallMonitor } from './stall-monitor.js';
import type { ToolRunner } from './tools/tool.js';
import { createTurnstile } from './turnstile.js';
import type { Watchers } from './watchers.js';

export interface DaemonServiceOptions {
  readonly supervisor: { getSnapshot(): SupervisorSnapshot; send(event: SupervisorEvent): void };
  readonly engine: EngineActor;
  readonly sessions: Sessions;
  readonly toolRunner: ToolRunner;
  readonly catalogue: ModelCatalogue;
  readonly stalls: StallMonitor;
  readonly watchers: Watchers;
  readonly sources: ReportSources;
  readonly defaultCheckpoint: string | null;
  readonly queueBound: number;
  /** A request that was running in as many crashes is not run again. */
  readonly quarantineAfter: number;
  readonly policy: SessionPolicy;
  readonly forcing: Forcing | null;
  readonly logger: Logger;
  readonly inspect: (event: InspectionEvent) => void;
  readonly observeResponse: (requestId: string) => ResponseObserver;
}

export const createDaemonService = (options: DaemonServiceOptions): DaemonService => {
  const { supervisor, engine, sessions, catalogue, sources } = options;

  const turnstile = createTurnstile();

  const checkpointOf = (checkpoint: string | null): string => {
    const chosen = checkpoint ?? options.defaultCheckpoint;
    if (chosen === null) throw noCheckpoint();
    return chosen;
  };

  const guardFingerprint = (fingerprint: string): void => {
    const numCrashes = numCrashesOf(supervisor.getSnapshot().context.suspects, fingerprint);
    if (numCrashes >= options.quarantineAfter) throw requestQuarantined(numCrashes);
  };

  const warned = new Set<string>();
  const warnOfClash = (tool: string): void => {
    if (warned.has(tool)) return; // a client that has one has it in every request
    warned.add(tool);
    options.logger.warn(
      { tool },
      `a client has a tool named ${tool}: in its requests it takes the place of the daemon's own`,
    );
  };

  const respond = (request: Respond, sink: ResponseSink): void => {
    const { requestId } = request;
    const snapshot = supervisor.getSnapshot();
    if (!snapshot.hasTag('accepting')) throw whyNot(snapshot);
    if (sessions.find(requestId) !== undefined) throw duplicateRequest(requestId);
    const offer = offerTools(request, options.toolRunner.tools());
    checkTools(offer.request);
    const constraint = constraintOf(offer.request);
    const forced = options.forcing === null ? null : forcedTurn(options.forcing, request);
    const checkpoint = checkpointOf(request.checkpoint);
    const { waiting, running, meanDurationMs } = sessions.counts();
    if (waiting >= options.queueBound) {
      const retryAfterMs = Math.max(1000, (meanDurationMs * waiting) / sources.numSlots);
      throw queueFull(waiting, options.queueBound, Math.round(retryAfterMs));
    }
    const endWatch = options.stalls.watch();
    offer.clashes.forEach(warnOfClash);
    const session = startSession({
      offer,
      constraint,
      toolRunner: options.toolRunner,
      sink,
      checkpoint,
      modelName: modelNameOf(checkpoint),
      queuedAhead: Math.max(0, waiting - Math.max(0, sources.numSlots - running)),
      engine,
      policy: options.policy,
      forced,
      turnstile,
      guardFingerprint,
      availableMemory,
      random: {
        callId: () => `call_${randomBytes(12).toString('hex')}`,
        seed: () => randomBytes(8).readBigUInt64LE(),
      },
      today: () => localDate(new Date()),
      now: clockMs,
      logger: options.logger,
      inspect: options.inspect,
      observe: options.observeResponse(requestId),
      onEnded: (summary) => {
        endWatch();
        sessions.remove(summary);
      },
    });
    sessions.add(session);
  };

  return {
    health: () => reportHealth(sources),
    status: () => reportStatus(sources),
    respond,
    cancel: (requestId, reason) => sessions.find(requestId)?.cancel(reason),
    toolOutput: ({ requestId, callId, output }) => {
      if (sessions.find(requestId)?.giveToolOutput(callId, output) !== true)
        throw noSuchCall(requestId, callId);
    },
    listModels: () => catalogue.list(),
    inspectModel: (checkpoint) => catalogue.inspect(checkpoint),
    loadModel: async (checkpoint) => {
      const snapshot = supervisor.getSnapshot();
      if (phaseOf(snapshot) === 'degraded') supervisor.send({ type: 'engine.retry' });
      else if (!snapshot.hasTag('accepting')) throw whyNot(snapshot);
      const endWatch = options.stalls.watch();
      try {
        const lease = await engine.lease({
          checkpoint: checkpointOf(checkpoint),
          signal: new AbortController().signal,
          onLoading: () => {},
        });
        lease.release();
        return { ...lease.model.loaded, cached: lease.wasCached };
      } finally {
        endWatch();
      }
    },
    unloadModel: () => engine.unload(),
    machines: machineCatalogue,
    watch: (sink, watchOptions) => options.watchers.add(sink, watchOptions),
    injectFault: async (text) => {
      const fault = parseInjectedFault(text);
      await engine.inject(fault);
      options.logger.warn({ fault }, `a fault is injected: ${text}`);
    },
    shutdown: (mode) => supervisor.send({ type: 'shutdown', mode }),
  };
};
