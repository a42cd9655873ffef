// One Python process that keeps its variables from call to call, until it has been idle, is killed or ends itself.

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../errors.js';
import type { CappedLimit, ToolReport } from '../../../machines/tool-call.js';
import {
  type ConfinedProcess,
  type ConfinedProcessOptions,
  type ProcessEnd,
  startConfinedProcess,
} from '../program/confined-process.js';
import { createOutputCapture } from '../program/output-capture.js';
import { outputReport, watchUse } from '../program/program.js';
import type { ToolLimits } from '../tool.js';
import { type CellReply, type CellRequest, DRIVER } from './driver.js';
import { createMarkedStream, type MarkedStream } from './marked-stream.js';

export interface PythonSession {
  /** One at a time. */
  run(cell: Cell): RunningCell;
  close(): Promise<void>;
}

export interface Cell {
  readonly code: string;
  readonly limits: ToolLimits;
  readonly onLimit: (limit: CappedLimit) => void;
}

export interface RunningCell {
  /** Raises KeyboardInterrupt in it. */
  interrupt(): void;
  kill(): void;
  readonly ended: Promise<CellEnd>;
}

export type CellEnd =
  | { readonly type: 'report'; readonly report: ToolReport }
  | { readonly type: 'refused'; readonly reason: string };

export type PythonSessionOptions = Omit<
  ConfinedProcessOptions,
  'argv' | 'mark' | 'environment' | 'startFolder' | 'hasChannel'
> & { readonly idleMs: number };

interface Life {
  readonly process: ConfinedProcess;
  readonly stdout: MarkedStream;
  readonly stderr: MarkedStream;
  readonly replies: AsyncIterator<CellReply>;
  /** Something was run in it already. */
  hasState: boolean;
}

const STATE_LOST = '[the Python process ended; its variables are lost, and the next call starts a new one]';
/** From the reply until the output that was written before it. */
const OUTPUT_GRACE_MS = 1_000;

export const createPythonSession = (options: PythonSessionOptions): PythonSession => {
  let life: Life | null = null;
  let idleTimer: NodeJS.Timeout | null = null;

  const begin = (): Life => {
    const process = startConfinedProcess({
      ...options,
      limits: { ...options.limits, cpuMs: Infinity }, // the driver bounds each cell
      argv: ['python3', '-B', '-c', DRIVER],
      startFolder: options.workFolder,
      mark: randomUUID(),
      hasChannel: true,
      environment: { PYTHONDONTWRITEBYTECODE: '1', PYTHONUTF8: '1', MPLBACKEND: 'Agg' },
    });
    const begun: Life = {
      process,
      stdout: createMarkedStream(process.stdout),
      stderr: createMarkedStream(process.stderr),
      replies: readReplies(process),
      hasState: false,
    };
    const forget = (): void => {
      if (life === begun) life = null;
    };
    process.ended.then(forget, forget);
    return begun;
  };

  const run = async (cell: Cell, current: Life): Promise<CellEnd> => {
    const { process, stdout, stderr, replies } = current;
    const { limits } = cell;
    const out = createOutputCapture(limits.outputBytes);
    const error = createOutputCapture(limits.outputBytes);
    let toldOutput = false;
    const keep =
      (capture: typeof out) =>
      (chunk: Buffer): void => {
        capture.write(chunk);
        if (toldOutput || out.numBytes() + error.numBytes() <= limits.maxOutputBytes) return;
        toldOutput = true;
        cell.onLimit('output');
      };
    const endMark = `\0${randomUUID()}\0`;
    const drained = Promise.all([
      stdout.readUntil(endMark, keep(out)),
      stderr.readUntil(endMark, keep(error)),
    ]);
    const watch = watchUse(process, limits, cell.onLimit);
    const request: CellRequest = { code: cell.code, endMark, cpuSeconds: Math.ceil(limits.cpuMs / 1_000) };
    process.stdin.write(`${JSON.stringify(request)}\n`);
    try {
      const reply = await replies.next();
      await Promise.race([drained, delay(OUTPUT_GRACE_MS, null, { ref: false })]);
      if (reply.done !== true) {
        current.hasState = true;
        const report = outputReport({ exitCode: null, signal: null, stdout: out, stderr: error, limits });
        return { type: 'report', report: { ...report, isOk: reply.value.isOk } };
      }
      const end = await process.ended;
      const report = outputReport({ ...end, stdout: out, stderr: error, limits });
      if (isUnstarted(end))
        return {
          type: 'refused',
          reason: `Python could not be started: ${report.text.trim()}. Install it ('sudo apt install python3') where the sandbox sees it, in /usr.`,
        };
      const text = [report.text, STATE_LOST].filter((part) => part !== '').join('\n');
      return { type: 'report', report: { ...report, isOk: false, text } };
    } catch (problem) {
      return { type: 'refused', reason: `Python could not be started: ${messageOf(problem)}` };
    } finally {
      watch.stop();
    }
  };

  const rest = (): void => {
    idleTimer = setTimeout(() => life?.process.kill(), options.idleMs);
    idleTimer.unref();
  };

  return {
    run: (cell) => {
      if (idleTimer !== null) clearTimeout(idleTimer);
      let current: Life;
      try {
        current = life ??= begin();
      } catch (error) {
        const reason = `Python could not be started: ${messageOf(error)}`;
        return { interrupt: () => {}, kill: () => {}, ended: Promise.resolve({ type: 'refused', reason }) };
      }
      const { process } = current;
      return {
        interrupt: () => process.interrupt(),
        kill: () => process.kill(),
        ended: run(cell, current).finally(rest),
      };
    },
    close: async () => {
      if (idleTimer !== null) clearTimeout(idleTimer);
      if (life === null) return;
      const { process } = life;
      process.kill();
      await process.ended.catch(() => {}); // it had not started
    },
  };
};

/** The shell's way of saying that there is no such program; or there is no sandbox. */
const isUnstarted = ({ exitCode, isUnstarted: isWithoutSandbox }: ProcessEnd): boolean =>
  isWithoutSandbox || exitCode === 127;

/** Ends when the process has closed its end. */
const readReplies = async function* ({ channel }: ConfinedProcess): AsyncGenerator<CellReply, undefined> {
  let text = '';
  try {
    for await (const chunk of channel!.setEncoding('utf8')) {
      const lines = (text + (chunk as string)).split('\n');
      text = lines.pop()!;
      for (const line of lines) yield JSON.parse(line) as CellReply;
    }
  } catch {
    // the process is gone: the same as its end
  }
  return undefined;
};
