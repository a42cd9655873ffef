// Requests as lanes on one axis of time; of the selected one, its life and its messages.

import type { SessionEntry } from '../model/sessions.js';
import { searchFor } from '../model/search.js';
import { duration, padded, shortRequest } from './format.js';
import { MessageList } from './message-list.js';
import { rowPlace, Rows } from './rows.js';
import type { Shown, Store } from './store.js';

interface Props {
  readonly store: Store;
  readonly shown: Shown;
}

const LANES_MS = 60_000;
const MAX_LANES = 80;
/** As in style.css. */
const ROW_PX = 19;

export const SessionPanel = ({ store, shown }: Props) => {
  const { world, selected } = shown;
  const requestId = selected === null ? null : (world.actors.get(selected)?.requestId ?? null);
  const session = requestId === null ? undefined : world.sessions.get(requestId);
  return (
    <section class="panel sessions" aria-label="Requests">
      <Lanes store={store} shown={shown} session={session} />
      <Detail session={session} at={world.at} hasContent={world.hasContent} />
    </section>
  );
};

interface LanesProps extends Props {
  readonly session: SessionEntry | undefined;
}

const Lanes = ({ store, shown, session }: LanesProps) => {
  const { world, query } = shown;
  const search = searchFor(query);
  const from = world.at - LANES_MS;
  const sessions = [...world.sessions.values()]
    .toReversed()
    .filter(({ requestId, endedAt }) => (endedAt === null || endedAt > from) && search(requestId))
    .slice(0, MAX_LANES);
  const running = sessions.filter(({ endedAt }) => endedAt === null).length;
  return (
    <div class="lanes">
      <div class="panel-head">
        <h2>Requests</h2>
        <span class="soft">{`${running} running · last ${LANES_MS / 1000} s`}</span>
        <Legend />
      </div>
      <Rows role="listbox" name="Requests">
        {sessions.map((each, index) => (
          <div
            key={each.actor}
            role="option"
            class="lane"
            data-request={each.requestId}
            style={rowPlace(index, ROW_PX)}
            aria-selected={each === session}
            aria-label={`${each.requestId}, ${each.spans.at(-1)?.phase ?? ''}`}
            tabIndex={each === session || (session === undefined && index === 0) ? 0 : -1}
            onClick={() => store.select(each.actor)}
            onFocus={() => store.select(each.actor)}
          >
            <span class="name">{shortRequest(each.requestId)}</span>
            <Life session={each} from={from} to={world.at} />
            <span class="count">{padded(String(each.outputTokens), 5)}</span>
          </div>
        ))}
        {sessions.length === 0 && <p class="empty">No requests in the last minute.</p>}
      </Rows>
    </div>
  );
};

const LEGEND = ['queued', 'prefill', 'decode', 'tools'] as const;

const Legend = () => (
  <span class="legend" aria-hidden="true">
    {LEGEND.map((phase) => (
      <span key={phase}>
        <i class={`phase ${phase}`} /> {phase}
      </span>
    ))}
  </span>
);

interface LifeProps {
  readonly session: SessionEntry;
  readonly from: number;
  readonly to: number;
}

const WIDTH = 1000;

const Life = ({ session, from, to }: LifeProps) => {
  const x = (at: number): number =>
    (Math.min(Math.max(at - from, 0), to - from) / Math.max(1, to - from)) * WIDTH;
  const phases = session.spans.filter(({ phase }) => phase !== 'end');
  return (
    <svg
      class="life"
      viewBox={`0 0 ${WIDTH} 12`}
      preserveAspectRatio="none"
      role="img"
      aria-label={phasesInWords(session, to)}
    >
      {phases
        .filter((span) => (span.to ?? to) >= from)
        .map((span) => (
          <rect
            key={`${span.from} ${span.state}`}
            class={`phase ${span.phase}`}
            x={x(span.from)}
            y={1}
            height={10}
            width={Math.max(1.5, x(span.to ?? to) - x(span.from))}
          />
        ))}
      {session.repairs
        .filter(({ at }) => at >= from)
        .map((repair, index) => (
          <rect key={`repair ${index}`} class="repair" x={x(repair.at) - 2} y={0} width={4} height={12} />
        ))}
    </svg>
  );
};

const phasesInWords = ({ spans, repairs }: SessionEntry, at: number): string =>
  [
    ...spans
      .filter(({ phase }) => phase !== 'end')
      .map(({ phase, from, to }) => `${phase} ${duration((to ?? at) - from)}`),
    ...(repairs.length > 0 ? [`${repairs.length} repairs`] : []),
  ].join(', ');

interface DetailProps {
  readonly session: SessionEntry | undefined;
  readonly at: number;
  readonly hasContent: boolean;
}

const Detail = ({ session, at, hasContent }: DetailProps) => (
  <div class="detail">
    <div class="panel-head">
      <h2>{session === undefined ? 'Messages' : shortRequest(session.requestId)}</h2>
      <span class="soft">
        {session === undefined
          ? 'of the selected request'
          : `${duration((session.endedAt ?? at) - session.startedAt)} · ${session.outputTokens} tokens · ${session.repairs.length} repairs${hasContent ? '' : ' · texts hidden'}`}
      </span>
    </div>
    <div class="whole-life">
      {session !== undefined && (
        <Life session={session} from={session.startedAt} to={session.endedAt ?? at} />
      )}
    </div>
    <div class="scroll">
      {session === undefined ? (
        <p class="empty">Select a request, its session or one of its tool calls.</p>
      ) : (
        <MessageList session={session} hasContent={hasContent} />
      )}
    </div>
  </div>
);
