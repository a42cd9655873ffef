// The terminal as a screen of its own: what was on it comes back at any end of the process that can be noticed.

import type { CliContext, InputStream, OutputStream } from '../context.js';
import type { ScreenSize } from './draw-screen.js';

export interface TerminalOptions {
  readonly context: Pick<CliContext, 'stdin' | 'stdout' | 'onExit'>;
  readonly onKey: (key: string) => void;
  readonly onResize: () => void;
}

interface RawInput extends InputStream {
  setRawMode?(isRaw: boolean): unknown;
}
interface SizedOutput extends OutputStream {
  readonly rows?: number;
}

const ESC = '\u001b[';
const ENTER = `${ESC}?1049h${ESC}?25l${ESC}?7l${ESC}2J`; // another screen, no cursor, no wrapping
const LEAVE = `${ESC}?7h${ESC}?25h${ESC}?1049l`;
const DEFAULT_SIZE: ScreenSize = { columns: 80, rows: 24 };

export class Terminal implements Disposable {
  readonly #input: RawInput;
  readonly #output: SizedOutput;
  readonly #options: TerminalOptions;
  readonly #removeExit: () => void;
  #shown: readonly string[] = [];
  #isOpen = true;

  constructor(options: TerminalOptions) {
    this.#options = options;
    const { stdin, stdout, onExit } = options.context;
    this.#input = stdin;
    this.#output = stdout;
    this.#removeExit = onExit(() => this[Symbol.dispose]());
    this.#output.write(ENTER);
    this.#output.on('resize', this.#resize);
    this.#input.setRawMode?.(true);
    this.#input.on('data', this.#read);
    this.#input.resume();
  }

  get size(): ScreenSize {
    const { columns = DEFAULT_SIZE.columns, rows = DEFAULT_SIZE.rows } = this.#output;
    return { columns: Math.max(1, columns), rows: Math.max(1, rows) };
  }

  /** Writes what differs from what is shown. Lines are of the screen's width. */
  show(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    const changed = lines.flatMap((line, row) =>
      line === this.#shown[row] ? [] : [`${ESC}${row + 1};1H${line}${ESC}0m`],
    );
    const below = lines.length < this.#shown.length ? `${ESC}${lines.length + 1};1H${ESC}J` : '';
    this.#shown = lines;
    if (changed.length > 0 || below !== '') this.#output.write(changed.join('') + below);
  }

  /** Gives the terminal back as it was. Twice is harmless. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#removeExit();
    this.#output.off('resize', this.#resize);
    this.#input.off('data', this.#read);
    this.#input.setRawMode?.(false);
    this.#input.pause();
    this.#output.write(LEAVE);
  }

  readonly #resize = (): void => {
    this.#shown = [];
    this.#output.write(`${ESC}2J`);
    this.#options.onResize();
  };

  readonly #read = (bytes: Buffer | string): void => {
    for (const key of keysOf(String(bytes))) this.#options.onKey(key);
  };
}

const NAMED: Readonly<Record<string, string>> = {
  '\u001b[A': 'up',
  '\u001b[B': 'down',
  '\u001b[C': 'right',
  '\u001b[D': 'left',
  '\u001bOA': 'up',
  '\u001bOB': 'down',
  '\u001bOC': 'right',
  '\u001bOD': 'left',
  '\u001b': 'escape',
  '\r': 'enter',
  '\n': 'enter',
  '\u007f': 'backspace',
  '\b': 'backspace',
  '\u0003': 'interrupt',
};

/** Characters, and names of keys that have none. Sequences that are not known are no keys. */
export const keysOf = (input: string): readonly string[] =>
  (input.match(/\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])?|[^\u001b]/gu) ?? []).flatMap((piece) => {
    const key = NAMED[piece] ?? piece;
    return key.startsWith('\u001b') ? [] : [key];
  });
