// What a soak has found, and whether every bar was met.

import type { Status } from '../../src/ipc/protocol.js';
import type { Ledger } from './ledger.js';
import type { Sample, SettledSample } from './probe.js';
import { quantile, slopeOf } from './statistics.js';
import type { CrowdTrial, QueueTrial } from './trials.js';

const MAX_SLOPE_MB_PER_HOUR = 1;
/** Fewer rounds tell no slope. */
const MIN_ROUNDS_FOR_SLOPE = 8;
/** Idle, a pool may hold one thing more than last time; a leak is of one for every so many requests. */
const HOLDING_SLACK = 4;
const MIN_JAIN = 0.95;
/**
 * The machine's other work falls on either part of the crowd's trial: with ten programs on two cores, tens of
 * milliseconds. What a crowd that harms an answer costs is seconds.
 */
const CROWD_FACTOR = 2;
const CROWD_SLACK_MS = 150;

export interface SoakFindings {
  readonly ledger: Ledger;
  /** One a second, under load, after the warm-up. */
  readonly samples: readonly Sample[];
  /** Before, between and after these: of an idle daemon. */
  readonly settled: readonly SettledSample[];
  readonly status: Status;
  readonly crowd: CrowdTrial;
  readonly queue: QueueTrial;
  readonly fairness: number;
}

export interface SoakReport {
  readonly text: string;
  readonly isMet: boolean;
}

export const createReport = (findings: SoakFindings): SoakReport => {
  const { ledger, status, crowd, queue, fairness } = findings;
  const bars: Bar[] = [
    ...memoryBars(findings),
    ...holdingBars(findings),
    {
      isMet: fairness >= MIN_JAIN,
      text: `fairness between equal clients: Jain's index ${fairness.toFixed(4)} (at least ${MIN_JAIN})`,
    },
    {
      isMet:
        queue.answered + queue.refused === queue.asked &&
        queue.refused > 0 &&
        queue.longestQueue <= status.queue.bound,
      text: `queue: of ${queue.asked} requests at once ${queue.answered} answered, ${queue.refused} refused with queue_full; at most ${queue.longestQueue} waited (${status.queue.bound} are allowed)`,
    },
    {
      isMet: crowd.opened >= 1_000 && crowd.beside.p99Ms <= CROWD_FACTOR * crowd.alone.p99Ms + CROWD_SLACK_MS,
      text: `a running answer's gaps: ${gapsOf(crowd.alone)} alone, ${gapsOf(crowd.beside)} while ${crowd.opened} connections are opened and stay`,
    },
    {
      isMet: ledger.violations.size === 0,
      text: `violations: ${[...ledger.violations].map(([what, times]) => `${times} × ${what}`).join('; ') || 'none'}`,
    },
  ];
  const { firstTokensMs, gapsMs, ends } = ledger;
  const { requests, connections, backpressure, engine } = status;
  const lines = [
    ...[...ends].sort().map(([end, times]) => `${String(times).padStart(7)}  ${end}`),
    `to the first token: ${quantilesOf(firstTokensMs)}; between tokens: ${quantilesOf(gapsMs)}`,
    `requests that took more than two minutes: ${ledger.numLate}`,
    `daemon: ${requests.completed} completed, ${requests.cancelled} cancelled, ${requests.failed} failed, ${requests.outputTokens} tokens, ${connections.accepted} connections, ${backpressure.pauses} pauses, ${engine.restarts} restarts of the engine`,
    ...bars.map(({ isMet, text }) => `${verdictOf(isMet)} ${text}`),
    `${bars.filter(({ isMet }) => isMet === true).length} passed, ${bars.filter(({ isMet }) => isMet === false).length} failed`,
  ];
  return { text: lines.join('\n'), isMet: bars.every(({ isMet }) => isMet !== false) };
};

interface Bar {
  /** Null: this run cannot tell. */
  readonly isMet: boolean | null;
  readonly text: string;
}

const verdictOf = (isMet: boolean | null): string => {
  if (isMet === null) return 'open  ';
  return isMet ? 'met   ' : 'MISSED';
};

const MEMORIES = {
  anonymousMb: 'memory of the daemon that no file backs',
  engineAnonymousMb: "memory of the engine's process that no file backs",
  nativeMb: 'memory that no file backs, without what V8 keeps for heaps',
  allocatedMb: 'allocated by native code and not freed',
  heapsMb: "in V8's heaps besides compiled code",
} as const;

/**
 * Of rounds that compare. Missed where the whole interval is above the bar, met where it is below, and open where the run
 * is too short to tell.
 */
const memoryBars = (findings: SoakFindings): readonly Bar[] =>
  (Object.keys(MEMORIES) as (keyof typeof MEMORIES)[]).flatMap((key) => {
    const settled = withUsualThreads(findings.settled);
    const points = settled.map((sample) => ({ atMs: sample.atMs, value: sample[key] }));
    if (points.every(({ value }) => value === 0)) return []; // the engine is a thread of the daemon
    const values = points.map(({ value }) => value.toFixed(1)).join(' ');
    const text = (slope: string): string =>
      `${MEMORIES[key]}, idle and collected: ${slope}; MB: ${values}${besides(key, { ...findings, settled })}`;
    if (points.length < MIN_ROUNDS_FOR_SLOPE)
      return [{ isMet: null, text: text('too few rounds for a slope') }];
    const { perHour, margin } = slopeOf(points);
    const isOver = perHour - margin > MAX_SLOPE_MB_PER_HOUR;
    const isUnder = perHour + margin <= MAX_SLOPE_MB_PER_HOUR;
    const slope = `${perHour.toFixed(1)} ± ${margin.toFixed(1)} MB/h (95 %; at most ${MAX_SLOPE_MB_PER_HOUR})`;
    return [{ isMet: isUnder || (isOver ? false : null), text: text(slope) }];
  });

/** A thread of the tools' pool that has not gone yet brings more than a megabyte; how many there are is chance. */
const withUsualThreads = (settled: readonly SettledSample[]): readonly SettledSample[] => {
  const usual = quantile(
    settled.map(({ threads }) => threads),
    0.5,
  );
  return settled.filter(({ threads }) => threads === usual);
};

const besides = (key: keyof typeof MEMORIES, { samples, settled }: SoakFindings): string => {
  if (key === 'nativeMb' || key === 'allocatedMb') return '';
  if (key === 'heapsMb') return `; code: ${settled.map(({ codeMb }) => codeMb.toFixed(1)).join(' ')}`;
  return `; ${Math.max(...samples.map((sample) => sample[key])).toFixed(1)} at most under load`;
};

const holdingBars = ({ samples, settled }: SoakFindings): readonly Bar[] =>
  (['descriptors', 'threads', 'processes', 'temporaryFiles'] as const).map((key) => {
    const values = settled.map((sample) => sample[key]);
    const [first = 0, last = 0] = [values[0], values.at(-1)];
    return {
      isMet: last <= first + HOLDING_SLACK,
      text: `${key}, idle: ${values.join(' ')}; ${Math.max(...samples.map((sample) => sample[key]))} at most under load`,
    };
  });

const quantilesOf = (values: readonly number[]): string =>
  `p50 ${quantile(values, 0.5).toFixed(0)} ms, p99 ${quantile(values, 0.99).toFixed(0)} ms (${values.length})`;

const gapsOf = ({ p50Ms, p99Ms, longestMs }: CrowdTrial['alone']): string =>
  `p50 ${p50Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)}, longest ${longestMs.toFixed(0)} ms`;
