// `codexpc logs`: the last lines of the daemon's log, readable, and what is added to it.

import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CodexpcError } from '../../errors.js';
import { type ConfigFlags, loadCliConfig } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { Interruption } from '../interruption.js';
import { Output, PipeClosed } from '../output.js';
import { wantsColour } from '../terminal-text.js';
import { createLogFormatter } from './format-log.js';

export interface LogsOptions extends ConfigFlags {
  readonly follow: boolean;
  readonly lines: number;
  /** Lines as they are in the file. */
  readonly json: boolean;
}

const POLL_MS = 200;

export const logs = async (context: CliContext, options: LogsOptions): Promise<number> => {
  const { paths } = loadCliConfig(context, options);
  const format = options.json
    ? (line: string) => `${line}\n`
    : await createLogFormatter({ colour: wantsColour(context.stdout, context.env), dates: true });
  const output = new Output(context.stdout);
  const interruption = new Interruption(context);
  const file = new FollowedFile(paths.logFile);
  try {
    const last = options.lines === 0 ? [] : file.readLines().slice(-options.lines);
    for (const line of last) await output.write(format(line));
    while (options.follow && !interruption.signal.aborted) {
      for (const line of file.readLines()) await output.write(format(line));
      await delay(POLL_MS, undefined, { signal: interruption.signal }).catch(() => {}); // aborted: the loop ends
    }
    return EXIT.ok;
  } catch (error) {
    if (error instanceof PipeClosed) return EXIT.pipeClosed;
    throw error;
  } finally {
    file.close();
    interruption.dispose();
  }
};

/** Reads on from where it stopped; a file that was replaced (rotated) or cut is read from its beginning. */
class FollowedFile {
  readonly #path: string;
  #descriptor: number | null = null;
  #offset = 0;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** Whole lines that were added since the last call. */
  readLines(): string[] {
    const current = statSync(this.#path, { throwIfNoEntry: false });
    let text = this.#rest;
    if (this.#descriptor !== null) {
      const mine = fstatSync(this.#descriptor);
      if (mine.size < this.#offset) this.#offset = 0;
      text += this.#read();
      if (current !== undefined && current.ino !== mine.ino) this.close();
    }
    if (this.#descriptor === null) {
      if (current === undefined && text === '') return this.#missing();
      if (current !== undefined) {
        this.#descriptor = this.#open();
        this.#offset = 0;
        text += this.#read();
      }
    }
    const lines = text.split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #first = true;

  /** At first a missing log is worth a word; later it is only being replaced. */
  #missing(): string[] {
    if (!this.#first) return [];
    throw new CodexpcError({
      code: 'io_error',
      message: `There is no log at ${this.#path}: the background service has not run yet. A daemon in a terminal logs there. Start the service with 'codexpc install'.`,
    });
  }

  #open(): number {
    this.#first = false;
    try {
      return openSync(this.#path, 'r');
    } catch (error) {
      throw new CodexpcError({
        code: 'io_error',
        message: `The log ${this.#path} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
        cause: error,
      });
    }
  }

  #read(): string {
    if (this.#descriptor === null) return '';
    const parts: Buffer[] = [];
    const buffer = Buffer.allocUnsafe(64 * 1024);
    for (;;) {
      const numRead = readSync(this.#descriptor, buffer, 0, buffer.length, this.#offset);
      if (numRead === 0) return Buffer.concat(parts).toString('utf8');
      parts.push(Buffer.from(buffer.subarray(0, numRead)));
      this.#offset += numRead;
    }
  }
}
