// What a soak has found, and whether every bar was met.

import type { Status } from '../../src/ipc/protocol.js';
import type { Ledger } from './ledger.js';
import type { Sample } from './probe.js';
import { quantile, slopeOf } from './statistics.js';
import type { CrowdTrial, QueueTrial } from './trials.js';

const MAX_SLOPE_MB_PER_HOUR = 1;
/** Under less, what a daemon takes while it warms up is all there is to see. */
const MIN_SAMPLES_FOR_SLOPE = 300;
/** Idle, a pool may hold one thing more than last time; a leak is of one for every so many requests. */
const HOLDING_SLACK = 4;
const MIN_JAIN = 0.95;
/** The machine's other work falls on either part of the crowd's trial. */
const CROWD_FACTOR = 2;
const CROWD_SLACK_MS = 20;

export interface SoakFindings {
  readonly ledger: Ledger;
  /** One a second, under load, after the warm-up. */
  readonly samples: readonly Sample[];
  /** Idle, on both sides of these. */
  readonly before: Sample;
  readonly after: Sample;
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
    `daemon: ${requests.completed} completed, ${requests.cancelled} cancelled, ${requests.failed} failed, ${requests.outputTokens} tokens, ${connections.accepted} connections, ${backpressure.pauses} pauses, ${engine.restarts} restarts of the engine`,
    ...bars.map(({ isMet, text }) => `${isMet ? 'met   ' : 'MISSED'} ${text}`),
    `${bars.filter(({ isMet }) => isMet).length} passed, ${bars.filter(({ isMet }) => !isMet).length} failed`,
  ];
  return { text: lines.join('\n'), isMet: bars.every(({ isMet }) => isMet) };
};

interface Bar {
  readonly isMet: boolean;
  readonly text: string;
}

/** Missed where the slope is above its bar by more than chance explains (two standard errors). */
const memoryBars = ({ samples, before, after }: SoakFindings): readonly Bar[] =>
  (['rssMb', 'engineRssMb'] as const).flatMap((key) => {
    const values = samples.map((sample) => sample[key]);
    if (values.every((value) => value === 0)) return []; // the engine is a thread of the daemon
    const { perHour, standardError } = slopeOf(values, samples.length * 1_000);
    const surelyMb = MAX_SLOPE_MB_PER_HOUR + 2 * standardError;
    const isTold = samples.length >= MIN_SAMPLES_FOR_SLOPE;
    const slope = isTold
      ? `${perHour.toFixed(1)} ± ${standardError.toFixed(1)} MB/h (at most ${MAX_SLOPE_MB_PER_HOUR}; this run tells slopes above ${surelyMb.toFixed(1)})`
      : 'too short a run to tell its slope';
    return [
      {
        isMet: !isTold || perHour <= surelyMb,
        text:
          `resident memory of ${key === 'rssMb' ? 'the daemon' : 'the engine'}: ${slope}, ` +
          `idle ${before[key].toFixed(1)} MB before, ${after[key].toFixed(1)} MB after, ${Math.max(...values).toFixed(1)} MB at most`,
      },
    ];
  });

const holdingBars = ({ samples, before, after }: SoakFindings): readonly Bar[] =>
  (['descriptors', 'threads', 'processes', 'temporaryFiles'] as const).map((key) => ({
    isMet: after[key] <= before[key] + HOLDING_SLACK,
    text: `${key}: idle ${before[key]} before and ${after[key]} after, ${Math.max(...samples.map((sample) => sample[key]))} at most under load`,
  }));

const quantilesOf = (values: readonly number[]): string =>
  `p50 ${quantile(values, 0.5).toFixed(0)} ms, p99 ${quantile(values, 0.99).toFixed(0)} ms (${values.length})`;

const gapsOf = ({ p50Ms, p99Ms, longestMs }: CrowdTrial['alone']): string =>
  `p50 ${p50Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)}, longest ${longestMs.toFixed(0)} ms`;
