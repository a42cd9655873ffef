// What `health` and `status` say, put together from those who know.

import type { FrontEndCounters } from '../ipc/counters.js';
import {
  type DaemonState,
  type EngineState,
  type Health,
  type HttpStatus,
  PROTOCOL_VERSION,
  type Status,
  toWireError,
} from '../ipc/protocol.js';
import { phaseOf, type SupervisorPhase, type SupervisorSnapshot } from '../machines/supervisor.js';
import type { EngineActor } from './engine-actor.js';
import { engineGivenUp, shuttingDown } from './engine-errors.js';
import type { Sessions } from './sessions.js';
import type { StallMonitor } from './stall-monitor.js';

export interface ReportSources {
  readonly version: string;
  readonly pid: number;
  readonly startedMs: number;
  readonly now: () => number;
  readonly supervisor: () => SupervisorSnapshot;
  readonly engine: Pick<EngineActor, 'report'>;
  readonly sessions: Pick<Sessions, 'counts'>;
  readonly counters: Pick<FrontEndCounters, 'snapshot'>;
  readonly stalls: Pick<StallMonitor, 'report'>;
  readonly numSlots: number;
  readonly queueBound: number;
  readonly memoryBudgetBytes: number;
  readonly http: () => HttpStatus | null;
}

const DAEMON_STATES: Readonly<Record<SupervisorPhase, DaemonState>> = {
  booting: 'booting',
  starting: 'starting',
  ready: 'ready',
  recovering: 'starting',
  degraded: 'degraded',
  draining: 'draining',
  stopping: 'draining',
  closing: 'draining',
  stopped: 'stopped',
};

export const reportHealth = ({ supervisor, engine, version, pid, now, startedMs }: ReportSources): Health => {
  const snapshot = supervisor();
  const ok = snapshot.hasTag('accepting');
  return {
    ok,
    state: DAEMON_STATES[phaseOf(snapshot)],
    engine: engineStateOf(snapshot, engine.report()),
    reason: ok ? null : whyNot(snapshot).message,
    version,
    pid,
    uptimeMs: now() - startedMs,
  };
};

export const reportStatus = (sources: ReportSources): Status => {
  const snapshot = sources.supervisor();
  const { context } = snapshot;
  const engine = sources.engine.report();
  const counts = sources.sessions.counts();
  const loaded = engine.model?.loaded ?? null;
  return {
    version: sources.version,
    protocolVersion: PROTOCOL_VERSION,
    pid: sources.pid,
    uptimeMs: sources.now() - sources.startedMs,
    state: DAEMON_STATES[phaseOf(snapshot)],
    engine: {
      state: engineStateOf(snapshot, engine),
      restarts: Math.max(0, context.numStarts - 1),
      lastError: context.lastError === null ? null : toWireError(context.lastError),
      cacheHits: engine.cacheHits,
      cacheMisses: engine.cacheMisses,
    },
    model: loaded,
    slots: { used: engine.numStarted, total: loaded?.numSlots ?? sources.numSlots },
    queue: { length: counts.waiting, bound: sources.queueBound },
    memory: {
      weightsBytes: loaded?.weightsBytes ?? 0,
      kvBytes: loaded?.kvBytes ?? 0,
      scratchBytes: loaded?.scratchBytes ?? 0,
      rssBytes: process.memoryUsage.rss(),
      budgetBytes: sources.memoryBudgetBytes,
    },
    throughput: {
      prefillTokensPerSecond: counts.prefillTokensPerSecond,
      decodeTokensPerSecond: counts.decodeTokensPerSecond,
    },
    requests: {
      running: counts.running,
      awaitingTool: counts.awaitingTool,
      completed: counts.completed,
      failed: counts.failed,
      cancelled: counts.cancelled,
      inputTokens: counts.inputTokens,
      cachedInputTokens: counts.cachedInputTokens,
      outputTokens: counts.outputTokens,
      draftedTokens: counts.draftedTokens,
      acceptedTokens: counts.acceptedTokens,
      repairs: counts.repairs,
    },
    eventLoop: sources.stalls.report(),
    ...sources.counters.snapshot(),
    http: sources.http(),
  };
};

/** Why a request is refused in a state without the tag `accepting`. */
export const whyNot = ({ context, ...snapshot }: SupervisorSnapshot) =>
  phaseOf(snapshot) === 'degraded'
    ? engineGivenUp(context.lastError, context.policy.coolOffMs)
    : shuttingDown();

const engineStateOf = (
  snapshot: SupervisorSnapshot,
  { phase }: Pick<ReturnType<EngineActor['report']>, 'phase'>,
): EngineState => {
  switch (phase) {
    case 'down':
      return downStateOf(phaseOf(snapshot));
    case 'unloading':
      return 'idle';
    case 'stopping':
      return 'stopped';
    case 'starting':
    case 'idle':
    case 'loading':
    case 'ready':
    case 'generating':
    case 'failed':
    case 'stopped':
      return phase;
  }
};

const downStateOf = (phase: SupervisorPhase): EngineState => {
  if (phase === 'recovering') return 'restarting';
  return phase === 'degraded' ? 'failed' : 'stopped';
};
