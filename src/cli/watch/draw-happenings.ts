// What happened last, a line each; also what `watch` prints where there is no terminal. Pure.

import type { Happening, WatchModel } from '../../inspect/watch-model.js';
import { type Line, plain, type Style, styled, textOf } from './line.js';

export const drawHappening = (happening: Happening): Line => {
  const time = styled('dim', `${clockTime(happening.at)} `);
  switch (happening.kind) {
    case 'actor.transition':
      return [
        time,
        plain(`${shortName(happening.actor)} `),
        styled('dim', `${shortEvent(happening.event)}: `),
        ...arrow(happening.from, happening.to),
        ...refusals(happening.refused),
      ];
    case 'event.ignored':
      return [
        time,
        plain(`${shortName(happening.actor)} `),
        styled('yellow', `ignored ${happening.event}`),
        styled('dim', ` in ${happening.states.map(leafOf).join()}`),
        ...refusals(happening.refused),
      ];
    case 'repaired':
      return [
        time,
        plain(`decoder ${happening.requestId} `),
        styled('yellow', `mended ${happening.repair.replaceAll('_', ' ')}`),
      ];
    case 'log':
      return [
        time,
        styled(LEVEL_STYLES[happening.level] ?? 'dim', `${happening.level} `),
        plain(happening.message),
      ];
  }
};

/** Machines log what the transitions say: those lines are left out. */
export const happeningsOf = ({ happenings }: WatchModel, filter: string): readonly Line[] =>
  happenings
    .filter((happening) => !isEcho(happening))
    .map(drawHappening)
    .filter((line) => textOf(line).toLowerCase().includes(filter.toLowerCase()));

export const isEcho = (happening: Happening): boolean =>
  happening.kind === 'log' &&
  'actor' in happening.fields &&
  'to' in happening.fields &&
  happening.level !== 'warn';

const LEVEL_STYLES: Readonly<Record<string, Style>> = {
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
  info: 'green',
};

const arrow = (from: readonly string[], to: readonly string[]): Line =>
  from.join() === to.join()
    ? [styled('dim', `stays ${to.map(leafOf).join()}`)]
    : [plain(`${from.map(leafOf).join()} → `), styled('green', to.map(leafOf).join())];

const refusals = (refused: readonly string[]): Line =>
  refused.length === 0 ? [] : [styled('yellow', `  refused: ${refused.join(', ')}`)];

const leafOf = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** `session:c5/1#x:10` → `session c5/1`, `engine#x:7` → `engine` */
const shortName = (actor: string): string =>
  actor
    .replace(/#[^#]*$/, '')
    .replace(/^toolCall:(.*)\/[^/]*$/, 'tool call $1')
    .replace(':', ' ');

/** What xstate raises itself carries the state's id, which the line has already. */
const shortEvent = (event: string): string =>
  event.replace(/^xstate\.after\.([^.]+)\..*$/, 'after $1').replace(/^xstate\.(done|error)\..*$/, '$1');

const clockTime = (at: number): string => {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
};
