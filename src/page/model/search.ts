// What the search field finds: words that all have to occur, in any order and case.

import type { WatchEvent } from '../../ipc/protocol.js';

export type Search = (text: string) => boolean;

export const searchFor = (query: string): Search => {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return (text) => {
    const lower = text.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
};

/** An event in words, without the texts of prompts and answers. */
export const describeEvent = (event: WatchEvent): string => {
  switch (event.kind) {
    case 'actor.started':
      return `${event.actor} started ${event.states.join(' ')}`;
    case 'actor.transition':
      return `${event.actor} ${event.event} ${event.from.join(' ')} ${event.to.join(' ')} ${event.refused.join(' ')}`;
    case 'event.ignored':
      return `${event.actor} ${event.event} ignored ${event.refused.join(' ')}`;
    case 'actor.stopped':
      return `${event.actor} stopped`;
    case 'message':
      return `${event.requestId} ${event.source} ${event.channel ?? ''} ${event.recipient ?? ''}`;
    case 'repaired':
      return `${event.requestId} repaired ${event.repair}`;
    case 'log':
      return `log ${event.level} ${event.message}`;
    case 'dropped':
      return `dropped ${event.count}`;
    case 'snapshot':
    case 'counters':
    case 'history':
      return event.kind;
  }
};

/** What one steps through: things that happened to an actor or an answer. */
export const isStep = ({ kind }: WatchEvent): boolean =>
  ['actor.started', 'actor.transition', 'event.ignored', 'actor.stopped', 'repaired'].includes(kind);
