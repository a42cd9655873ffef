// The engine over the last minutes, a point a second.

import type { Counters, World } from '../model/world.js';
import { bytes, duration, figure, padded } from './format.js';

interface Chart {
  readonly name: string;
  readonly unit: string;
  readonly value: (counters: Counters) => number;
  /** Of the axis; null: from the values alone. */
  readonly limit: ((counters: Counters) => number) | null;
  readonly show: (value: number) => string;
}

const CHARTS: readonly Chart[] = [
  {
    name: 'Decode',
    unit: 'tok/s',
    value: ({ interval }) => interval.decodeTokensPerSecond,
    limit: null,
    show: figure,
  },
  {
    name: 'Prefill',
    unit: 'tok/s',
    value: ({ interval }) => interval.prefillTokensPerSecond,
    limit: null,
    show: figure,
  },
  {
    name: 'Batch occupancy',
    unit: 'of slots, a step',
    value: ({ batch }) => batch.sequences,
    limit: ({ status }) => status.slots.total,
    show: figure,
  },
  {
    name: 'KV cache',
    unit: 'positions held',
    value: ({ kv }) => kv.used,
    limit: ({ kv }) => kv.total,
    show: (value) => Math.round(value).toLocaleString('en-US'),
  },
  {
    name: 'Event-loop stall',
    unit: 'longest in a second',
    value: ({ interval }) => interval.stallMaxMs,
    limit: null,
    show: duration,
  },
  {
    name: 'Queue',
    unit: 'requests waiting',
    value: ({ status }) => status.queue.length,
    limit: null,
    show: (value) => String(value),
  },
  {
    name: 'Resident memory',
    unit: 'of the daemon',
    value: (counters) => counters.process.rssBytes,
    limit: null,
    show: bytes,
  },
];

const NUM_POINTS = 120;
const WIDTH = 240;
const HEIGHT = 34;

export const Charts = ({ world }: { readonly world: World }) => {
  const points = world.counters.slice(-NUM_POINTS);
  const prefix = points.at(-1)?.prefix;
  return (
    <aside class="panel charts" aria-label="Engine">
      <div class="panel-head">
        <h2>Engine</h2>
        <span class="soft">
          {prefix === undefined
            ? 'waiting for figures'
            : `prefix hits ${prefix.hits}/${prefix.prompts} · ${figure(prefix.tokens)} tokens saved`}
        </span>
      </div>
      <div class="scroll">
        {CHARTS.map((chart) => (
          <ChartView key={chart.name} chart={chart} points={points} />
        ))}
      </div>
    </aside>
  );
};

const ChartView = ({ chart, points }: { readonly chart: Chart; readonly points: readonly Counters[] }) => {
  const values = points.map(chart.value);
  const last = points.at(-1);
  const value = values.at(-1) ?? 0;
  const limit = last === undefined ? 0 : (chart.limit?.(last) ?? 0);
  const top = Math.max(limit, ...values, 1e-9);
  const x = (index: number): number => WIDTH - ((values.length - 1 - index) * WIDTH) / (NUM_POINTS - 1);
  const y = (each: number): number => HEIGHT - 1 - (each / top) * (HEIGHT - 3);
  const line = values.map((each, index) => `${x(index).toFixed(1)},${y(each).toFixed(1)}`).join(' ');
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-name">{chart.name}</span>
        <span class="soft">{chart.unit}</span>
        <span class="chart-value">
          {padded(last === undefined ? '–' : chart.show(value), 9)}
          {chart.limit !== null && (
            <span class="soft">{padded(limit === 0 ? '' : ` / ${limit.toLocaleString('en-US')}`, 9)}</span>
          )}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${chart.name}: now ${chart.show(value)}, at most ${chart.show(Math.max(0, ...values))} in the last ${values.length} seconds`}
      >
        <path class="axis" d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} />
        {values.length > 1 && (
          <>
            <polygon class="area" points={`${x(0)},${HEIGHT} ${line} ${WIDTH},${HEIGHT}`} />
            <polyline class="series" points={line} />
          </>
        )}
      </svg>
    </figure>
  );
};
