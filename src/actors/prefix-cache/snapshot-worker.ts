// Entry of the thread that reads and writes snapshots. Jobs run in their order; each answers once.

import { type MessagePort, workerData } from 'node:worker_threads';
import type { EngineNote } from '../engine-frames.js';
import { createGarbageMeter } from './garbage-meter.js';
import type { Snapshot, SnapshotSummary } from './snapshot.js';
import { createSnapshotFolder } from './snapshot-folder.js';

export interface SnapshotWorkerData {
  readonly folder: string;
  readonly boundBytes: number;
  readonly identity: string;
  readonly port: MessagePort;
}

export type SnapshotJob =
  | { readonly type: 'open' }
  | { readonly type: 'read'; readonly tokens: Uint32Array }
  | { readonly type: 'write'; readonly snapshot: Snapshot }
  | { readonly type: 'remove'; readonly tokens: Uint32Array }
  /** Its answer says that everything before it has been done. */
  | { readonly type: 'settle' };

/** One structured clone each: the bytes are shared memory and are not copied. */
export type SnapshotAnswer =
  | { readonly type: 'note'; readonly note: EngineNote }
  | { readonly type: 'opened'; readonly summaries: readonly SnapshotSummary[] }
  | { readonly type: 'done'; readonly snapshot: Snapshot | null };

const { folder, boundBytes, identity, port } = workerData as SnapshotWorkerData;
const garbage = createGarbageMeter();
const answer = (message: SnapshotAnswer): void => port.postMessage(message);
const snapshots = createSnapshotFolder({
  folder,
  boundBytes,
  identity,
  note: (note) => answer({ type: 'note', note }),
});

const carryOut = (job: SnapshotJob): SnapshotAnswer => {
  switch (job.type) {
    case 'open':
      return { type: 'opened', summaries: snapshots.open() };
    case 'read':
      return { type: 'done', snapshot: snapshots.read(job.tokens) };
    case 'write':
      return { type: 'done', snapshot: snapshots.write(job.snapshot) ? job.snapshot : null };
    case 'remove':
      snapshots.remove(job.tokens);
      return { type: 'done', snapshot: null };
    case 'settle':
      return { type: 'done', snapshot: null };
  }
};

port.on('message', (job: SnapshotJob) => {
  try {
    const done = carryOut(job);
    answer(done);
    // The other thread's now; this one's view of it is garbage.
    if (done.type === 'done') garbage.add(done.snapshot?.numBytes ?? 0);
  } catch (error) {
    const message = `the folder of kept prefixes cannot be used: ${error instanceof Error ? error.message : String(error)}`;
    answer({ type: 'note', note: { level: 'warn', message, fields: { folder } } });
    answer(job.type === 'open' ? { type: 'opened', summaries: [] } : { type: 'done', snapshot: null });
  }
});
