// The daemon's log: JSON lines of pino, to one destination and to whoever watches.

import { type DestinationStream, type Level, type Logger, pino } from 'pino';
import type { WatchEvent } from '../ipc/protocol.js';
import type { Watchers } from './watchers.js';

export interface DaemonLogOptions {
  readonly level: Level | 'silent';
  readonly destination: DestinationStream;
  readonly watchers: Pick<Watchers, 'isWatched' | 'publish'>;
}

export const createDaemonLog = ({ level, destination, watchers }: DaemonLogOptions): Logger => {
  const write = (line: string): void => {
    destination.write(line);
    if (watchers.isWatched()) watchers.publish(watchEventOf(line));
  };
  return pino({ level, base: null, formatters: { level: (label) => ({ level: label }) } }, { write });
};

const watchEventOf = (line: string): WatchEvent => {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  return {
    kind: 'log',
    at: time as number,
    level: level as Extract<WatchEvent, { kind: 'log' }>['level'],
    message: typeof msg === 'string' ? msg : '',
    fields: fields as Extract<WatchEvent, { kind: 'log' }>['fields'],
  };
};
