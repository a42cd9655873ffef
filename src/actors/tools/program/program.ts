// One run of a program, from start to report: feeds it, keeps what it writes, watches what it uses.

import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../../errors.js';
import type { CappedLimit, ToolReport } from '../../../machines/tool-call.js';
import type { ToolLimits } from '../tool.js';
import {
  type ConfinedProcess,
  type ConfinedProcessOptions,
  startConfinedProcess,
} from './confined-process.js';
import { createOutputCapture, type OutputCapture } from './output-capture.js';
import { memoryOf } from './process-tree.js';
import { signalName } from './signal-name.js';

export interface ProgramOptions extends Omit<ConfinedProcessOptions, 'hasChannel'> {
  readonly input: string;
  /** A limit that this side has to enforce was passed. */
  readonly onLimit: (limit: CappedLimit) => void;
}

export interface Program {
  readonly pid: number | null;
  terminate(): void;
  kill(): void;
  readonly ended: Promise<ProgramEnd>;
}

export type ProgramEnd =
  | { readonly type: 'report'; readonly report: ToolReport }
  /** The sandbox could not be made. */
  | { readonly type: 'refused'; readonly reason: string };

/** How long pipes may stay open after the last process that we know is gone. */
const PIPE_GRACE_MS = 500;

/** Throws when the operating system refuses to start a process. */
export const startProgram = (options: ProgramOptions): Program => {
  const { limits, input, onLimit } = options;
  const confined = startConfinedProcess({ ...options, hasChannel: false });
  const stdout = createOutputCapture(limits.outputBytes);
  const stderr = createOutputCapture(limits.outputBytes);
  const drained = [
    drain(confined.stdout, stdout, () => checkOutput()),
    drain(confined.stderr, stderr, () => checkOutput()),
  ];
  confined.stdin.end(input);

  let toldOutput = false;
  const checkOutput = (): void => {
    if (toldOutput || stdout.numBytes() + stderr.numBytes() <= limits.maxOutputBytes) return;
    toldOutput = true;
    onLimit('output');
  };
  const watch = watchUse(confined, limits, onLimit);

  const end = async (): Promise<ProgramEnd> => {
    try {
      const { exitCode, signal, isUnstarted } = await confined.ended;
      await Promise.race([Promise.all(drained), delay(PIPE_GRACE_MS, null, { ref: false })]);
      if (isUnstarted)
        return {
          type: 'refused',
          reason: `The sandbox could not be made: ${stderr.text(1_000).text.trim()}`,
        };
      return { type: 'report', report: outputReport({ exitCode, signal, stdout, stderr, limits }) };
    } catch (error) {
      return { type: 'refused', reason: `The program could not be started: ${messageOf(error)}` };
    } finally {
      watch.stop();
      confined.stdout.destroy();
      confined.stderr.destroy();
    }
  };
  return {
    pid: confined.pid,
    terminate: () => confined.terminate(),
    kill: () => confined.kill(),
    ended: end(),
  };
};

const drain = (stream: Readable, capture: OutputCapture, onWritten: () => void): Promise<void> =>
  new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      capture.write(chunk);
      onWritten();
    });
    stream.on('error', () => {}); // 'close' follows
    stream.once('close', resolve);
  });

const WATCH_INTERVAL_MS = 100;
/** A leash of the program's own is one of the processes. */
const OWN_PROCESSES = 1;

/** Counts processes and memory of all of them together, which no limit of a single process bounds. */
export const watchUse = (
  confined: ConfinedProcess,
  { processes, memoryBytes }: ToolLimits,
  onLimit: (limit: CappedLimit) => void,
): { readonly stop: () => void } => {
  const timer = setInterval(() => {
    const pids = confined.pids(processes + OWN_PROCESSES + 1);
    const isCrowded = pids.length > processes + OWN_PROCESSES;
    const passed = isCrowded ? 'processes' : memoryOf(pids, memoryBytes) > memoryBytes ? 'memory' : null;
    if (passed === null) return;
    clearInterval(timer);
    onLimit(passed);
  }, WATCH_INTERVAL_MS);
  return { stop: () => clearInterval(timer) };
};

export interface EndedOutput {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: OutputCapture;
  readonly stderr: OutputCapture;
  readonly limits: ToolLimits;
}

export const outputReport = ({
  exitCode,
  signal: ownSignal,
  stdout,
  stderr,
  limits,
}: EndedOutput): ToolReport => {
  // Sandbox and shells tell of a signal as 128 + its number.
  const signal = ownSignal ?? (exitCode !== null && exitCode > 128 ? signalName(exitCode - 128) : null);
  const out = stdout.text(Math.max(limits.outputBytes - stderr.numBytes(), limits.outputBytes / 2));
  const error = stderr.text(Math.max(limits.outputBytes - stdout.numBytes(), limits.outputBytes / 2));
  return {
    isOk: exitCode === 0,
    text: [out.text, ...(error.text === '' ? [] : [`[stderr]\n${error.text}`])]
      .filter((text) => text !== '')
      .map((text) => text.replace(/\n$/, ''))
      .join('\n'),
    exitCode,
    signal,
    outputBytes: stdout.numBytes() + stderr.numBytes(),
    isTruncated: out.isTruncated || error.isTruncated,
    limit: signal === 'SIGXCPU' ? 'cpu' : signal === 'SIGXFSZ' ? 'fileSize' : null,
  };
};
