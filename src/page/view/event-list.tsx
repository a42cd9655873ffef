// What happened, the newest first. A click shows the world as it was then.

import { describeEvent, searchFor } from '../model/search.js';
import type { WatchEvent } from '../../ipc/protocol.js';
import { clockTime, eventName, leaves, shortName } from './format.js';
import { rowPlace, Rows } from './rows.js';
import type { Shown, Store } from './store.js';

interface Props {
  readonly store: Store;
  readonly shown: Shown;
}

const MAX_ROWS = 80;
/** As in style.css. */
const ROW_PX = 19;
/** Events that are looked through for them. */
const MAX_SEARCHED = 5_000;

export const EventList = ({ store, shown }: Props) => {
  const { history, cursor } = shown;
  const rows = rowsOf(shown);
  return (
    <section class="panel events" aria-label="Events">
      <div class="panel-head">
        <h2>Events</h2>
        <span class="soft">{`${(history.end() - history.first()).toLocaleString('en-US')} kept`}</span>
      </div>
      <Rows role="listbox" name="Events">
        {rows.map(({ number, event }, index) => (
          <div
            key={number}
            role="option"
            class={`event ${toneOf(event)}`}
            data-kind={event.kind}
            style={rowPlace(index, ROW_PX)}
            aria-selected={number === cursor}
            tabIndex={index === 0 ? 0 : -1}
            onClick={() => choose(store, number, event)}
            onKeyDown={(key) => key.key === 'Enter' && choose(store, number, event)}
          >
            <span class="soft">{clockTime(event.at)}</span>
            <EventText event={event} />
          </div>
        ))}
        {rows.length === 0 && <p class="empty">{shown.query === '' ? 'None yet.' : 'Nothing found.'}</p>}
      </Rows>
    </section>
  );
};

const choose = (store: Store, number: number, event: WatchEvent): void => {
  if ('actor' in event) store.select(event.actor);
  store.goTo(number);
};

interface Numbered {
  readonly number: number;
  readonly event: WatchEvent;
}

const rowsOf = ({ history, cursor, query }: Shown): readonly Numbered[] => {
  const search = searchFor(query);
  const newest = cursor ?? history.end() - 1;
  const rows: Numbered[] = [];
  for (let number = newest; number >= history.first() && newest - number < MAX_SEARCHED; number--) {
    const event = history.at(number);
    if (event === null || !isListed(event) || !search(describeEvent(event))) continue;
    rows.push({ number, event });
    if (rows.length === MAX_ROWS) break;
  }
  return rows;
};

/** The log repeats transitions at level debug. */
const isListed = (event: WatchEvent): boolean => {
  if (event.kind === 'message') return event.phase === 'done';
  if (event.kind === 'log') return event.level !== 'debug' && event.level !== 'trace';
  return !['counters', 'snapshot', 'history'].includes(event.kind);
};

const toneOf = (event: WatchEvent): string => {
  if (event.kind === 'log') return event.level === 'error' || event.level === 'fatal' ? 'bad' : event.level;
  if (event.kind === 'repaired' || event.kind === 'dropped') return 'warn';
  if (
    event.kind === 'actor.transition' &&
    event.to.some((state) => /failed|crashed|degraded|lost/.test(state))
  ) {
    return 'bad';
  }
  return '';
};

const EventText = ({ event }: { readonly event: WatchEvent }) => {
  switch (event.kind) {
    case 'actor.transition':
      return (
        <span class="what">
          <b>{shortName(event.actor)}</b> {eventName(event.event)} → <b>{leaves(event.to)}</b>
          {event.refused.length > 0 && <span class="tag refused">✕ {event.refused.join(' ✕ ')}</span>}
        </span>
      );
    case 'actor.started':
      return (
        <span class="what">
          <b>{shortName(event.actor)}</b> starts in <b>{leaves(event.states)}</b>
        </span>
      );
    case 'event.ignored':
      return (
        <span class="what">
          <b>{shortName(event.actor)}</b> {eventName(event.event)} <span class="tag">ignored</span>
          {event.refused.length > 0 && <span class="tag refused">✕ {event.refused.join(' ✕ ')}</span>}
        </span>
      );
    case 'actor.stopped':
      return (
        <span class="what">
          <b>{shortName(event.actor)}</b> ended
        </span>
      );
    case 'message':
      return (
        <span class="what">
          <b>{shortName(event.requestId)}</b> {event.source} {event.channel ?? ''}{' '}
          {event.recipient === null ? '' : `to ${event.recipient}`} done
        </span>
      );
    case 'repaired':
      return (
        <span class="what">
          <b>{shortName(event.requestId)}</b> <span class="tag warn">repaired</span> {event.repair}
        </span>
      );
    case 'log':
      return (
        <span class="what">
          <span class={`tag ${event.level}`}>{event.level}</span> {event.message}
        </span>
      );
    case 'dropped':
      return (
        <span class="what">
          <span class="tag warn">lost</span> {event.count} events: the page did not keep up
        </span>
      );
    case 'snapshot':
    case 'history':
    case 'counters':
      return null;
  }
};
