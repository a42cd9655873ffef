// The daemon in one line.

import { bytes, figure } from './format.js';
import type { ConnectionState, Shown } from './store.js';

const CONNECTION: { readonly [State in ConnectionState]: string } = {
  connecting: 'connecting …',
  open: 'live',
  lost: 'connection lost, trying again …',
  refused: 'refused: open the address that the daemon printed when it started',
  noToken: 'no token: open the address that the daemon printed when it started',
};

export const TopBar = ({ shown }: { readonly shown: Shown }) => {
  const { world, header, connection, recording, notice } = shown;
  const { status } = world;
  const counters = world.counters.at(-1);
  return (
    <div class="top-bar">
      <h1>
        codexpc <span class="soft">{header === null ? '' : header.daemon.version}</span>
      </h1>
      <p class={`connection ${recording === null ? connection : 'recording'}`} role="status">
        <span class="dot" aria-hidden="true" />
        {notice ?? (recording === null ? CONNECTION[connection] : `recording: ${recording}`)}
      </p>
      <dl class="figures">
        <Figure name="daemon" value={status?.state} />
        <Figure name="engine" value={status?.engine.state} />
        <Figure name="decode tok/s" value={counters && figure(counters.interval.decodeTokensPerSecond)} />
        <Figure name="slots" value={status && `${status.slots.used}/${status.slots.total}`} />
        <Figure name="queue" value={status && `${status.queue.length}/${status.queue.bound}`} />
        <Figure name="restarts" value={status && String(status.engine.restarts)} />
        <Figure name="resident" value={status && bytes(status.memory.rssBytes)} />
        <Figure name="events lost" value={String(world.numDropped)} />
      </dl>
    </div>
  );
};

const Figure = ({ name, value }: { readonly name: string; readonly value: string | null | undefined }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value ?? '–'}</dd>
  </div>
);
