// The engine worker's end of the snapshot thread.

import { MessageChannel, Worker } from 'node:worker_threads';
import type { EngineNote } from '../engine-frames.js';
import type { SnapshotDisk } from './prefix-cache.js';
import { isPrefixOf, type Snapshot, type SnapshotSummary } from './snapshot.js';
import type { SnapshotAnswer, SnapshotJob, SnapshotWorkerData } from './snapshot-worker.js';

export interface SnapshotDiskOptions {
  readonly folder: string;
  readonly boundBytes: number;
  readonly identity: string;
  readonly note: (note: EngineNote) => void;
}

/** Resolves when what is there has been listed. */
export const openSnapshotDisk = async (options: SnapshotDiskOptions): Promise<SnapshotDisk> => {
  const { note, ...data } = options;
  const { port1: port, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./snapshot-worker.js', import.meta.url), {
    workerData: { ...data, port: port2 } satisfies SnapshotWorkerData,
    transferList: [port2],
    name: 'snapshots',
    stdout: true,
  });
  worker.unref();
  let waiting: ((answer: SnapshotAnswer) => void)[] = [];
  let summaries: readonly SnapshotSummary[] = [];
  let isGone = false;

  const nothing: SnapshotAnswer = { type: 'done', snapshot: null };
  const end = (): void => {
    isGone = true;
    waiting.forEach((resolve) => resolve(nothing));
    waiting = [];
  };

  const ask = (job: SnapshotJob): Promise<SnapshotAnswer> =>
    new Promise((resolve) => {
      if (isGone) return resolve(nothing);
      waiting.push(resolve);
      port.postMessage(job);
    });

  port.on('message', (answer: SnapshotAnswer) => {
    if (answer.type === 'note') note(answer.note);
    else waiting.shift()?.(answer);
  });
  worker.on('error', (error) => {
    note({ level: 'warn', message: `prefixes are no longer kept on disk: ${error.message}`, fields: {} });
    end();
  });
  worker.once('exit', end);

  const without = (tokens: Uint32Array): readonly SnapshotSummary[] =>
    summaries.filter((summary) => summary.tokens !== tokens);

  const opened = await ask({ type: 'open' });
  if (opened.type === 'opened') summaries = opened.summaries;

  return {
    boundBytes: options.boundBytes,
    list: () => summaries,
    read: async (summary): Promise<Snapshot | null> => {
      const answer = await ask({ type: 'read', tokens: summary.tokens });
      if (answer.type === 'done' && answer.snapshot !== null) return answer.snapshot;
      summaries = without(summary.tokens);
      return null;
    },
    write: (snapshot) => {
      const { kind, tokens, checkpoints, numBytes } = snapshot;
      // Listed at once, so that it is not written twice.
      summaries = [
        ...summaries.filter((other) => other.kind === 'base' || !isPrefixOf(other.tokens, tokens)),
        { kind, tokens, checkpoints, numBytes },
      ];
      void ask({ type: 'write', snapshot }).then((answer) => {
        if (answer.type === 'done' && answer.snapshot === null) summaries = without(tokens);
      });
    },
    remove: ({ tokens }) => {
      summaries = without(tokens);
      void ask({ type: 'remove', tokens });
    },
    flush: async () => {
      await ask({ type: 'settle' });
    },
    close: () => {
      port.close();
      void worker.terminate();
    },
  };
};
