// The figures at the top of the screen. Pure.

import type { WatchModel } from '../../inspect/watch-model.js';
import { formatBytes, formatDuration } from '../format.js';
import { type Line, type Piece, plain, spread, type Style, styled } from './line.js';

const BARS = '▁▂▃▄▅▆▇█';

/** As many as fit into `height` lines, the most important first. */
export const drawFigures = (model: WatchModel, mode: Piece, width: number, height: number): readonly Line[] =>
  [title(model, mode, width), speed(model, width), use(model, width), memory(model)].slice(0, height);

const STATE_STYLES: Readonly<Record<string, Style>> = {
  ready: 'green',
  degraded: 'red',
  stopped: 'red',
};

const title = ({ status }: WatchModel, mode: Piece, width: number): Line => {
  if (status === null) return spread([styled('bold', 'codexpc')], [mode], width);
  const { state, pid, version, uptimeMs } = status;
  const left = [
    styled('bold', 'codexpc '),
    styled(STATE_STYLES[state] ?? 'yellow', state),
    plain(`  pid ${pid}  ${version}  up ${formatDuration(uptimeMs)}`),
    ...label('restarts', String(status.engine.restarts), status.engine.restarts > 0 ? 'yellow' : 'plain'),
  ];
  return spread(left, [mode], width);
};

const speed = ({ counters, decodeRates }: WatchModel, width: number): Line => {
  const { interval, batch } = counters ?? NO_COUNTERS;
  return [
    styled('dim', 'decode '),
    styled('green', sparkline(decodeRates, Math.max(8, Math.min(60, width - 66)))),
    plain(` ${rate(interval.decodeTokensPerSecond)} tok/s`),
    ...label('prefill', rate(interval.prefillTokensPerSecond)),
    ...label('batch', batch.sequences.toFixed(1)),
    ...label('stall', `${interval.stallMaxMs.toFixed(1)} ms`, interval.stallMaxMs > 50 ? 'yellow' : 'plain'),
  ];
};

const use = ({ counters, status }: WatchModel, width: number): Line => {
  const { kv, prefix, toolCalls } = counters ?? NO_COUNTERS;
  const share = kv.total === 0 ? 0 : kv.used / kv.total;
  return [
    styled('dim', 'KV '),
    plain(`${bar(share, width >= 100 ? 20 : 8)} ${Math.round(100 * share)}%`),
    ...label('slots', status === null ? '–' : `${status.slots.used}/${status.slots.total}`),
    ...label('prefix hits', `${prefix.hits}/${prefix.prompts}`),
    ...label('queue', status === null ? '–' : `${status.queue.length}/${status.queue.bound}`),
    ...label('tools', `${toolCalls.running} now, ${toolCalls.total} ever`),
  ];
};

const memory = ({ status, counters }: WatchModel): Line => {
  if (status === null) return [styled('dim', 'memory –')];
  const { rssBytes, weightsBytes, kvBytes, scratchBytes } = status.memory;
  return [
    styled('dim', 'memory '),
    plain(formatBytes(rssBytes)),
    ...label('weights', formatBytes(weightsBytes)),
    ...label('KV', formatBytes(kvBytes)),
    ...label('scratch', formatBytes(scratchBytes)),
    ...(counters === null ? [] : label('heap', formatBytes(counters.process.heapBytes))),
  ];
};

const label = (name: string, value: string, style: Style = 'plain'): Line => [
  styled('dim', `  ${name} `),
  styled(style, value),
];

const rate = (perSecond: number): string =>
  perSecond >= 100 ? String(Math.round(perSecond)) : perSecond.toFixed(1);

const bar = (share: number, width: number): string => {
  const full = Math.min(width, Math.ceil(share * width));
  return '█'.repeat(full) + '░'.repeat(width - full);
};

const sparkline = (values: readonly number[], width: number): string => {
  const shown = values.slice(-width);
  const most = Math.max(1, ...shown);
  const bars = shown.map(
    (value) => BARS[Math.min(BARS.length - 1, Math.floor((value / most) * (BARS.length - 1) + 0.5))],
  );
  return bars.join('').padStart(width, BARS[0]);
};

const NO_COUNTERS = {
  interval: { decodeTokensPerSecond: 0, prefillTokensPerSecond: 0, stallMaxMs: 0 },
  batch: { sequences: 0 },
  kv: { used: 0, total: 0 },
  prefix: { hits: 0, prompts: 0 },
  toolCalls: { running: 0, total: 0 },
};
