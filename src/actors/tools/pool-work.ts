// The work of one call in a pool thread, as its machine sees it.

import { MessageChannel } from 'node:worker_threads';
import { type CallbackActorLogic, fromCallback } from 'xstate';
import { messageOf } from '../../errors.js';
import type { ToolCallEvent, ToolWorkCommand } from '../../machines/tool-call.js';
import { MAX_ARGUMENTS_BYTES, tooLarge } from './check-arguments.js';
import { killMarked } from './program/confined-process.js';
import type { ToolJob, WorkerReport } from './tool-job.js';
import type { ToolPool } from './tool-pool.js';

export const createPoolWork = (
  pool: ToolPool,
  job: Omit<ToolJob, 'port'>,
): CallbackActorLogic<ToolWorkCommand> =>
  fromCallback<ToolWorkCommand>(({ sendBack, receive }) => {
    const tell = (event: ToolCallEvent): void => sendBack(event);
    const numBytes = Buffer.byteLength(job.arguments);
    if (numBytes > MAX_ARGUMENTS_BYTES) {
      tell({ type: 'work.started' });
      tell({ type: 'arguments.invalid', reason: tooLarge(numBytes) });
      return;
    }

    const { port1, port2 } = new MessageChannel();
    const abort = new AbortController();
    let programPid: number | null = null;
    let isOver = false;
    port1.on('message', (report: WorkerReport) => {
      if (report.type === 'program.started') programPid = report.pid;
      else {
        isOver ||= ENDS.has(report.type);
        tell(report);
      }
    });
    receive((command) => port1.postMessage(command));
    const lost = (reason: string): void => {
      if (isOver) return;
      isOver = true;
      // The sandbox dies with its thread; what runs without one does not.
      if (programPid !== null) killMarked(programPid, job.mark);
      tell({ type: 'work.lost', reason });
    };
    pool.run({ ...job, port: port2 }, abort.signal).then(
      () => setImmediate(() => lost('its thread ended without a report')), // after what it has posted
      (error: unknown) => lost(messageOf(error)),
    );
    return () => {
      if (!isOver) abort.abort();
      port1.close();
    };
  });

/** After these the thread is done, and stays for the next call. */
const ENDS: ReadonlySet<WorkerReport['type']> = new Set(['arguments.invalid', 'work.refused', 'work.done']);
