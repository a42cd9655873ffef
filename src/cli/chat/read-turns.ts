// Where the turns of a conversation come from: a line editor on a terminal, plain lines otherwise.

import { createInterface } from 'node:readline';
import type { CliContext } from '../context.js';

export type Turn =
  | { readonly kind: 'line'; readonly text: string }
  /** Ctrl-C at the prompt; `typed`: there was text on the line. */
  | { readonly kind: 'interrupted'; readonly typed: boolean }
  | { readonly kind: 'end' };

export interface TurnSource {
  next(prompt: string): Promise<Turn>;
  close(): void;
}

/**
 * A line editor is made for each turn, so that between turns the terminal is as usual: Ctrl-C is then a signal that
 * stops the answer.
 */
export const terminalTurns = (
  { stdin, stdout }: CliContext,
  history: string[],
  onHistory: (lines: readonly string[]) => void,
): TurnSource => ({
  next: (prompt) =>
    new Promise((resolve) => {
      const editor = createInterface({
        input: stdin,
        output: stdout,
        terminal: true,
        history: [...history],
        historySize: HISTORY_LINES,
        removeHistoryDuplicates: true,
      });
      let turn: Turn = { kind: 'end' };
      editor.on('history', (lines: string[]) => {
        history.splice(0, history.length, ...lines);
        onHistory(lines);
      });
      editor.on('SIGINT', () => {
        turn = { kind: 'interrupted', typed: editor.line !== '' };
        stdout.write('\n');
        editor.close();
      });
      editor.on('close', () => resolve(turn));
      editor.question(prompt, (text) => {
        turn = { kind: 'line', text };
        editor.close();
      });
    }),
  close: () => {},
});

const HISTORY_LINES = 1_000;

export const pipedTurns = ({ stdin }: CliContext): TurnSource => {
  const lines = createInterface({ input: stdin, crlfDelay: Infinity });
  const iterator = lines[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { value, done } = await iterator.next();
      return done === true ? { kind: 'end' } : { kind: 'line', text: String(value) };
    },
    close: () => lines.close(),
  };
};
