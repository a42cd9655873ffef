// The daemon in Prometheus' terms: what status knows is read when it is asked for, what ends is observed as it ends.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Status } from '../../ipc/protocol.js';
import type { SessionSummary } from '../session.js';

export interface Metrics {
  readonly contentType: string;
  observe(summary: SessionSummary): void;
  /** The exposition format. */
  text(): Promise<string>;
}

const TIME_BUCKETS_S = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export const createMetrics = (status: () => Status): Metrics => {
  const registry = new Registry();
  const registers = [registry];

  const counter = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Counter({ name: `codexpc_${name}`, help, labelNames, registers });
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `codexpc_${name}`, help, labelNames, registers });

  const requests = counter('requests_total', 'Requests that have ended, over all front ends.', ['outcome']);
  const tokens = counter('tokens_total', 'Tokens of requests that have ended.', ['kind']);
  const repairs = counter('repairs_total', "What was mended in the model's output, by name.", ['repair']);
  const firstToken = new Histogram({
    name: 'codexpc_time_to_first_token_seconds',
    help: 'From the arrival of a request to its first token.',
    buckets: TIME_BUCKETS_S,
    registers,
  });
  const duration = new Histogram({
    name: 'codexpc_request_duration_seconds',
    help: 'From the arrival of a request to its end.',
    buckets: TIME_BUCKETS_S,
    registers,
  });

  const ready = gauge('ready', '1 when the daemon is ready.');
  const restarts = counter('supervisor_restarts_total', 'Restarts of a supervised child.', ['child']);
  const running = gauge('requests_running', 'Requests that the engine works on.');
  const queued = gauge('queue_length', 'Requests that wait.');
  const queueBound = gauge('queue_bound', 'Requests that may wait.');
  const slots = gauge('slots', 'Places for conversations, by state.', ['state']);
  const memory = gauge('memory_bytes', 'Memory, by use; budget is what the guard allows in all.', ['use']);
  const modelCache = counter('model_cache_total', 'Requests that found their model loaded, or not.', [
    'result',
  ]);
  const stalls = gauge('event_loop_stall_seconds', 'How long the event loop was held up.', ['quantile']);
  const speed = gauge('tokens_per_second', 'Speed of the last answers, smoothed.', ['phase']);
  const connections = gauge('connections_open', 'Open connections, over all front ends.');
  const refused = counter('connections_refused_total', 'Connections and requests that were turned away.');
  const paused = gauge('streams_paused', 'Answers that wait for their client to read.');

  const read = (): void => {
    const now = status();
    ready.set(now.state === 'ready' ? 1 : 0);
    setCounter(restarts, { child: 'engine' }, now.engine.restarts);
    running.set(now.requests.running);
    queued.set(now.queue.length);
    queueBound.set(now.queue.bound);
    slots.set({ state: 'used' }, now.slots.used);
    slots.set({ state: 'free' }, now.slots.total - now.slots.used);
    memory.set({ use: 'weights' }, now.memory.weightsBytes);
    memory.set({ use: 'kv' }, now.memory.kvBytes);
    memory.set({ use: 'scratch' }, now.memory.scratchBytes);
    memory.set({ use: 'resident' }, now.memory.rssBytes);
    memory.set({ use: 'budget' }, now.memory.budgetBytes);
    setCounter(modelCache, { result: 'hit' }, now.engine.cacheHits);
    setCounter(modelCache, { result: 'miss' }, now.engine.cacheMisses);
    stalls.set({ quantile: '0.99' }, now.eventLoop.stallP99Ms / 1000);
    stalls.set({ quantile: '1' }, now.eventLoop.stallMaxMs / 1000);
    speed.set({ phase: 'prefill' }, now.throughput.prefillTokensPerSecond);
    speed.set({ phase: 'decode' }, now.throughput.decodeTokensPerSecond);
    connections.set(now.connections.open);
    setCounter(refused, {}, now.connections.refused);
    paused.set(now.backpressure.pausedStreams);
  };

  return {
    contentType: registry.contentType,
    observe: (summary) => {
      requests.inc({ outcome: outcomeOf(summary) });
      tokens.inc({ kind: 'input' }, summary.inputTokens);
      tokens.inc({ kind: 'cached_input' }, summary.cachedInputTokens);
      tokens.inc({ kind: 'output' }, summary.outputTokens);
      tokens.inc({ kind: 'reasoning' }, summary.reasoningTokens);
      tokens.inc({ kind: 'drafted' }, summary.draftedTokens);
      tokens.inc({ kind: 'accepted' }, summary.acceptedTokens);
      for (const [repair, count] of Object.entries(summary.repairs)) repairs.inc({ repair }, count);
      if (summary.outputTokens > 0) firstToken.observe(summary.timeToFirstTokenMs / 1000);
      duration.observe(summary.totalMs / 1000);
    },
    text: () => {
      read();
      return registry.metrics();
    },
  };
};

/** Sums that are kept elsewhere: a counter is started anew with each reading. */
const setCounter = <Label extends string>(
  counter: Counter<Label>,
  labels: Partial<Record<Label, string>>,
  value: number,
): void => {
  counter.remove(labels);
  counter.inc(labels, value);
};

const outcomeOf = ({ outcome }: SessionSummary): string =>
  outcome.type === 'failed' ? 'failed' : outcome.finishReason;
