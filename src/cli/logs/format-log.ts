// JSON log lines as people read them; the same for `codexpc logs` and a daemon in the foreground.

import type { OutputStream } from '../context.js';
import { harmless } from '../terminal-text.js';

export interface LogFormat {
  readonly colour: boolean;
  /** Lines of other days may be among them. */
  readonly dates: boolean;
}

export const createLogFormatter = async ({ colour, dates }: LogFormat): Promise<(line: string) => string> => {
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    colorize: colour,
    ignore: 'pid,hostname,v',
    singleLine: true,
    translateTime: `SYS:${dates ? 'yyyy-mm-dd ' : ''}HH:MM:ss.l`,
  });
  // A crash writes lines that are no JSON; they are shown as they are.
  return (line) => (line.startsWith('{') ? pretty(line) : line === '' ? '' : `${harmless(line)}\n`);
};

/** Where a daemon in a terminal logs. */
export const createPrettyLog = async (
  stream: OutputStream,
  colour: boolean,
): Promise<{ write(line: string): void }> => {
  const format = await createLogFormatter({ colour, dates: false });
  return { write: (line) => void stream.write(format(line.trimEnd())) };
};
