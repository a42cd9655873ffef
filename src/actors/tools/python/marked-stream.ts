// A stream that holds the output of one cell after another: hands on what comes before the current end mark.

import type { Readable } from 'node:stream';

export interface MarkedStream {
  /** Until then nothing is handed on. Resolves at the mark, or at the end of the stream. */
  readUntil(mark: string, onData: (chunk: Buffer) => void): Promise<void>;
}

interface Reading {
  readonly mark: Buffer;
  readonly onData: (chunk: Buffer) => void;
  readonly resolve: () => void;
}

/** What threads of a cell print after its end, up to here, is given to the next cell. */
const MAX_PENDING_BYTES = 2 ** 20;

export const createMarkedStream = (stream: Readable): MarkedStream => {
  let pending = Buffer.alloc(0);
  let reading: Reading | null = null;
  let isEnded = false;

  const handOn = (): void => {
    if (reading === null) {
      pending = pending.subarray(-MAX_PENDING_BYTES);
      return;
    }
    const { mark, onData, resolve } = reading;
    const at = pending.indexOf(mark);
    const upTo = at >= 0 || isEnded ? (at >= 0 ? at : pending.length) : pending.length - (mark.length - 1);
    if (upTo > 0) onData(pending.subarray(0, upTo));
    pending = Buffer.from(pending.subarray(at >= 0 ? at + mark.length : Math.max(upTo, 0)));
    if (at >= 0 || isEnded) {
      reading = null;
      resolve();
    }
  };

  stream.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    handOn();
  });
  stream.on('error', () => {}); // 'close' follows
  stream.once('close', () => {
    isEnded = true;
    handOn();
  });
  return {
    readUntil: (mark, onData) =>
      new Promise((resolve) => {
        reading = { mark: Buffer.from(mark), onData, resolve };
        handOn();
      }),
  };
};
