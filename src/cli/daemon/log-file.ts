// The background daemon's log file. It never stops the daemon: what cannot be written is counted and told later.
// Bounded on disk (one older file is kept) and in memory.

import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  write as writeCallback,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const write = promisify(writeCallback);

export interface LogFileLimits {
  readonly maxFileBytes: number;
  readonly maxPendingBytes: number;
}

const DEFAULT_LIMITS: LogFileLimits = { maxFileBytes: 10 * 1024 * 1024, maxPendingBytes: 1024 * 1024 };

export class LogFile implements Disposable {
  readonly #path: string;
  readonly #limits: LogFileLimits;
  #descriptor: number;
  #fileBytes: number;
  #pending: string[] = [];
  #pendingBytes = 0;
  #writing = false;
  #numLost = 0;
  #lostBecause = '';

  private constructor(path: string, descriptor: number, limits: LogFileLimits) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#fileBytes = fstatSync(descriptor).size;
    this.#limits = limits;
  }

  /** Throws the system's error when the file cannot be written at all. */
  static open(path: string, limits: LogFileLimits = DEFAULT_LIMITS): LogFile {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    return new LogFile(path, openForAppending(path), limits);
  }

  write(line: string): void {
    if (this.#pendingBytes > this.#limits.maxPendingBytes) {
      this.#lose(1, 'the disk is too slow');
      return;
    }
    this.#pending.push(line);
    this.#pendingBytes += line.length;
    if (!this.#writing) void this.#drain();
  }

  /** Writes what is pending at once, for the last words of a process. */
  [Symbol.dispose](): void {
    if (this.#descriptor < 0) return;
    try {
      writeSync(this.#descriptor, this.#pending.join(''));
    } catch {
      // The process ends; there is nobody left to tell.
    }
    this.#pending = [];
    closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    while (this.#pending.length > 0 && this.#descriptor >= 0) {
      const lines = this.#pending;
      this.#pending = [];
      this.#pendingBytes = 0;
      const text = this.#lossReport() + lines.join('');
      try {
        this.#rotateBefore(text.length);
        const { bytesWritten } = await write(this.#descriptor, text);
        this.#fileBytes += bytesWritten;
      } catch (error) {
        this.#lose(lines.length, (error as NodeJS.ErrnoException).code ?? String(error));
      }
    }
    this.#writing = false;
  }

  #rotateBefore(numBytes: number): void {
    const removed = !existsSync(this.#path);
    const full = this.#fileBytes > 0 && this.#fileBytes + numBytes > this.#limits.maxFileBytes;
    if (!removed && !full) return;
    if (full && !removed) renameSync(this.#path, `${this.#path}.1`);
    const next = openForAppending(this.#path);
    closeSync(this.#descriptor);
    this.#descriptor = next;
    this.#fileBytes = fstatSync(next).size;
  }

  #lose(count: number, reason: string): void {
    this.#numLost += count;
    this.#lostBecause = reason;
  }

  #lossReport(): string {
    if (this.#numLost === 0) return '';
    const line = {
      level: 'warn',
      time: Date.now(),
      numLost: this.#numLost,
      msg: `log lines were lost: ${this.#lostBecause}`,
    };
    this.#numLost = 0;
    return `${JSON.stringify(line)}\n`;
  }
}

const openForAppending = (path: string): number => openSync(path, 'a', 0o600);
