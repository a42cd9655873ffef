// JSON log lines as people read them; the same for `codexpc logs` and a daemon in the foreground.

import { harmless } from '../terminal-text.js';

export const PRETTY_OPTIONS = {
  ignore: 'pid,hostname,v',
  translateTime: 'SYS:HH:MM:ss.l',
  singleLine: true,
} as const;

export const createLogFormatter = async ({
  colour,
}: {
  readonly colour: boolean;
}): Promise<(line: string) => string> => {
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    ...PRETTY_OPTIONS,
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
    colorize: colour,
  });
  // A crash writes lines that are no JSON; they are shown as they are.
  return (line) => (line.startsWith('{') ? pretty(line) : line === '' ? '' : `${harmless(line)}\n`);
};
