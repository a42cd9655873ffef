// Writes a recording as the events come. What has been written stays, whatever becomes of the process.

import { closeSync, fchmodSync, fstatSync, openSync, writeSync } from 'node:fs';
import { CodexpcError } from '../../errors.js';
import type { WatchEvent } from '../../ipc/protocol.js';
import { encodeRecorded, type RecordingHeader } from '../../ipc/recording.js';

/** Hours of a busy daemon; what comes after is left out. */
const MAX_BYTES = 256 * 1024 * 1024;

export class Recorder implements Disposable {
  readonly #maxBytes: number;
  #descriptor: number | null;
  #numBytes = 0;
  #isFull = false;

  /** Errors: io_error. */
  constructor(path: string, header: RecordingHeader, maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes;
    try {
      this.#descriptor = openSync(path, 'w', 0o600);
      // It may have been there, for others to read.
      if (fstatSync(this.#descriptor).isFile()) fchmodSync(this.#descriptor, 0o600);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CodexpcError({
        code: 'io_error',
        message: `The recording ${path} cannot be written: ${reason}. Give --record a file in a folder that you may write to.`,
        cause,
      });
    }
    this.#write(encodeRecorded(header));
  }

  /** Nothing more is taken. */
  get isFull(): boolean {
    return this.#isFull;
  }

  take(event: WatchEvent): void {
    if (!this.#isFull) this.#write(encodeRecorded(event));
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }

  #write(frame: Uint8Array): void {
    if (this.#descriptor === null) return;
    if (this.#numBytes + frame.length > this.#maxBytes) {
      this.#isFull = true;
      return;
    }
    writeSync(this.#descriptor, frame);
    this.#numBytes += frame.length;
  }
}
