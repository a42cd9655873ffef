// The status screen as text. Pure.

import type { Status } from '../../ipc/protocol.js';
import { formatBytes, formatDuration, formatRate, plural } from '../format.js';
import type { Paint } from '../terminal-text.js';

export const formatStatus = (status: Status, paint: Paint): string => {
  const rows: ReadonlyArray<readonly [label: string, value: string]> = [
    [
      'daemon',
      `${daemonState(status, paint)}  pid ${status.pid}, version ${status.version}, up ${formatDuration(status.uptimeMs)}`,
    ],
    ['engine', engine(status)],
    ['model', model(status)],
    ['slots', `${status.slots.used} of ${status.slots.total} in use`],
    ['queue', `${status.queue.length} of ${status.queue.bound} waiting`],
    ['memory', memory(status)],
    ['speed', speed(status)],
    ['requests', requests(status)],
    ...repairs(status),
    ['restarts', restarts(status)],
    ['http', http(status)],
    ['connections', connections(status)],
  ];
  return rows.map(([label, value]) => `${paint.dim(label.padEnd(12))}${value}\n`).join('');
};

const daemonState = ({ state }: Status, { green, yellow, red }: Paint): string => {
  switch (state) {
    case 'ready':
      return green(state);
    case 'degraded':
    case 'stopped':
      return red(state);
    case 'booting':
    case 'starting':
    case 'draining':
      return yellow(state);
  }
};

const engine = ({ engine: { state, lastError }, model }: Status): string => {
  const where =
    model === null ? '' : `  ${model.backend}, ${model.kernels}, ${plural(model.numThreads, 'thread')}`;
  return `${state}${where}${lastError === null ? '' : `\n${' '.repeat(12)}last error: ${lastError.message} [${lastError.code}]`}`;
};

const model = ({ model }: Status): string =>
  model === null
    ? 'none loaded (the first request loads it)'
    : `${model.name}  ${model.format}, context ${model.contextLength}\n${' '.repeat(12)}${model.checkpoint}`;

const memory = ({ memory: { weightsBytes, kvBytes, scratchBytes, rssBytes, budgetBytes } }: Status): string =>
  `${formatBytes(rssBytes)} resident; weights ${formatBytes(weightsBytes)}, KV ${formatBytes(kvBytes)}, ` +
  `scratch ${formatBytes(scratchBytes)} of a budget of ${formatBytes(budgetBytes)}`;

const speed = ({
  throughput: { prefillTokensPerSecond, decodeTokensPerSecond },
  eventLoop,
}: Status): string =>
  `prefill ${formatRate(prefillTokensPerSecond)}, decode ${formatRate(decodeTokensPerSecond)}; ` +
  `longest stall ${eventLoop.stallMaxMs.toFixed(1)} ms (p99 ${eventLoop.stallP99Ms.toFixed(1)} ms)`;

const requests = ({ requests: r }: Status): string =>
  `${r.running} running${r.awaitingTool > 0 ? ` (${r.awaitingTool} await a tool)` : ''}; ` +
  `${r.completed} completed, ${r.failed} failed, ${r.cancelled} cancelled; ` +
  `tokens in ${r.inputTokens} (${r.cachedInputTokens} cached), out ${r.outputTokens}` +
  (r.draftedTokens > 0 ? ` (${r.acceptedTokens} of ${r.draftedTokens} guesses came true)` : '');

/** Most frequent first; no line when there are none, as there should be. */
const repairs = ({ requests: r }: Status): ReadonlyArray<readonly [label: string, value: string]> => {
  const found = Object.entries(r.repairs).sort(([, a], [, b]) => b - a);
  if (found.length === 0) return [];
  return [['repairs', found.map(([name, count]) => `${name.replaceAll('_', ' ')} ${count}`).join(', ')]];
};

const restarts = ({ engine: { restarts, cacheHits, cacheMisses } }: Status): string =>
  `${restarts}; model cache ${plural(cacheHits, 'hit')}, ${cacheMisses} ${cacheMisses === 1 ? 'miss' : 'misses'}`;

const connections = ({ connections: c, backpressure: b }: Status): string =>
  `${c.open} open, ${c.refused} refused, ${plural(c.protocolErrors, 'protocol error')}; ` +
  `${plural(b.pausedStreams, 'paused stream')}, ${formatBytes(b.bufferedBytes)} to be sent`;

const http = ({ http: report }: Status): string => {
  if (report === null) return 'switched off (http.enabled)';
  if (report.error !== null) return `not served: ${report.error.message} [${report.error.code}]`;
  if (report.url === null) return 'not served yet';
  const extra = report.extraPorts.length === 0 ? '' : `; also on ${report.extraPorts.join(', ')}`;
  return `${report.url}/v1${extra}${report.needsToken ? '; asks for the token' : ''}`;
};
