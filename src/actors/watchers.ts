// Who watches, and what they get: a snapshot first, then transitions, messages and log lines as they come, and counters
// once a second while anybody looks. The newest transitions are kept for those who come late.

import type { RecordedEvent, WatchEvent } from '../ipc/protocol.js';
import type { Watching, WatchOptions } from '../ipc/service.js';
import { createEventRing } from './event-ring.js';

export interface Watchers {
  /** Keeps it, and tells everybody. */
  record(event: RecordedEvent): void;
  /** Tells everybody. */
  publish(event: WatchEvent): void;
  add(sink: (event: WatchEvent) => void, options: WatchOptions): Watching;
  /** True when events are worth making. */
  isWatched(): boolean;
  /** Somebody may read texts. */
  wantsContent(): boolean;
  close(): void;
}

export interface WatchersOptions {
  /** The state of everything now. */
  readonly snapshot: (content: boolean) => WatchEvent;
  /** Begins to count for the counters; `next` tells of the time since the last one. */
  readonly count: () => { next(): WatchEvent; end(): void };
  readonly now: () => number;
  /** How many events are kept. */
  readonly numKept: number;
}

type Message = Extract<RecordedEvent, { kind: 'message' }>;

interface Sink {
  readonly take: (event: WatchEvent) => void;
  readonly content: boolean;
}

const COUNTERS_MS = 1000;
/** Of one `history` event: encoding more at a time would keep the event loop for milliseconds. */
const HISTORY_EVENTS = 500;

export const createWatchers = ({ snapshot, count, now, numKept }: WatchersOptions): Watchers => {
  const sinks = new Set<Sink>();
  const ring = createEventRing<RecordedEvent>(numKept);
  let counting: { readonly counter: ReturnType<typeof count>; readonly timer: NodeJS.Timeout } | null = null;

  const publish = (event: WatchEvent): void => sinks.forEach(({ take }) => take(event));

  const publishMessage = (message: Message): void => {
    const hidden: Message = { ...message, text: null, tokens: null };
    if (message.phase !== 'continued') ring.push(hidden);
    sinks.forEach(({ take, content }) => take(content ? message : hidden));
  };

  const begin = (): void => {
    if (counting !== null) return;
    const counter = count();
    counting = { counter, timer: setInterval(() => publish(counter.next()), COUNTERS_MS) };
  };

  const end = (): void => {
    if (counting === null) return;
    clearInterval(counting.timer);
    counting.counter.end();
    counting = null;
  };

  const sendHistory = (take: Sink['take']): void => {
    const events = ring.entries();
    for (let from = 0; from < events.length; from += HISTORY_EVENTS)
      take({ kind: 'history', at: now(), events: events.slice(from, from + HISTORY_EVENTS) });
  };

  return {
    record: (event) => {
      if (event.kind === 'message') {
        publishMessage(event);
        return;
      }
      ring.push(event);
      publish(event);
    },
    publish,
    isWatched: () => sinks.size > 0,
    wantsContent: () => [...sinks].some(({ content }) => content),
    add: (take, { content, history }) => {
      const sink: Sink = { take, content };
      take(snapshot(content));
      if (history) sendHistory(take);
      sinks.add(sink);
      begin();
      return {
        stop: () => {
          sinks.delete(sink);
          if (sinks.size === 0) end();
        },
        snapshot: () => snapshot(content),
      };
    },
    close: () => {
      sinks.clear();
      end();
    },
  };
};
