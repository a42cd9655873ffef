// The debug stream where there is no screen: a line for what happened, or JSON.

import type { WatchEvent } from '../../ipc/protocol.js';
import type { CliContext } from '../context.js';
import { Output } from '../output.js';
import { paintFor } from '../terminal-text.js';
import { drawHappening, isEcho } from './draw-happenings.js';

/** Where a watcher's events go. */
export interface Face extends Disposable {
  /** Resolves when there is room for more. */
  take(event: WatchEvent): Promise<void>;
  say(note: string, forMs?: number): void;
}

export const openLines = (context: CliContext, json: boolean): Face => {
  const output = new Output(context.stdout);
  const paint = paintFor(context.stdout, context.env);
  const lineOf = (event: WatchEvent): string => {
    switch (event.kind) {
      case 'actor.transition':
      case 'event.ignored':
      case 'repaired':
      case 'log':
        if (isEcho(event)) return '';
        return `${drawHappening(event)
          .map(({ text, style }) => (style === 'plain' ? text : paint[style](text)))
          .join('')}\n`;
      case 'dropped':
        return `${event.count} events were lost: this reader is too slow\n`;
      default:
        return '';
    }
  };
  return {
    take: async (event) => {
      if (json) return output.write(`${JSON.stringify(event)}\n`);
      const past = event.kind === 'history' ? event.events : [event];
      return output.write(past.map(lineOf).join(''));
    },
    say: (note) => void context.stderr.write(`codexpc: ${note}\n`),
    [Symbol.dispose]: () => {},
  };
};
