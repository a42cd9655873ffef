// What a call came to, in the words that the model reads.

import type { CappedLimit, ToolCallOutcome, ToolReport } from '../../machines/tool-call.js';
import type { ToolLimits, ToolResult, ToolStatus } from './tool.js';

export const toResult = (outcome: ToolCallOutcome, limits: ToolLimits, durationMs: number): ToolResult => {
  const report = 'report' in outcome ? outcome.report : null;
  return {
    status: statusOf(outcome),
    text: textOf(outcome, limits, durationMs),
    exitCode: report?.exitCode ?? null,
    signal: report?.signal ?? null,
    durationMs,
    outputBytes: report?.outputBytes ?? 0,
    isTruncated: report?.isTruncated ?? false,
  };
};

const STATUS: Readonly<Record<Exclude<ToolCallOutcome['type'], 'done'>, ToolStatus>> = {
  refused: 'refused',
  invalid: 'invalid_arguments',
  timedOut: 'timed_out',
  capped: 'capped',
  cancelled: 'cancelled',
  crashed: 'crashed',
};

const statusOf = (outcome: ToolCallOutcome): ToolStatus =>
  outcome.type === 'done' ? (outcome.report.isOk ? 'ok' : 'failed') : STATUS[outcome.type];

const textOf = (outcome: ToolCallOutcome, limits: ToolLimits, durationMs: number): string => {
  switch (outcome.type) {
    case 'done':
      return doneText(outcome.report);
    case 'refused':
      return `[not run] ${outcome.reason}`;
    case 'invalid':
      return `[not run: invalid arguments] ${outcome.reason}`;
    case 'crashed':
      return `[crashed] The tool was lost while it ran: ${outcome.reason}. Other calls are not affected; this one may be tried again.`;
    case 'timedOut':
      return withNote(outcome.report, `timed out: stopped after ${seconds(durationMs)}, before it had ended`);
    case 'cancelled':
      return withNote(outcome.report, 'cancelled before it had ended');
    case 'capped':
      return withNote(outcome.report, `stopped: ${CAPPED[outcome.limit](limits)}`);
  }
};

const CAPPED: Readonly<Record<CappedLimit, (limits: ToolLimits) => string>> = {
  output: ({ maxOutputBytes }) => `it wrote more than ${bytes(maxOutputBytes)}`,
  memory: ({ memoryBytes }) => `it used more than ${bytes(memoryBytes)} of memory`,
  processes: ({ processes }) => `it had more than ${processes} processes`,
  cpu: ({ cpuMs }) => `it used more than ${seconds(cpuMs)} of CPU time`,
  fileSize: ({ fileBytes }) => `it wrote a file larger than ${bytes(fileBytes)}`,
};

const doneText = (report: ToolReport): string => {
  const { isOk, text, exitCode, signal } = report;
  if (isOk) return text === '' ? '(no output)' : text;
  if (signal !== null) return withNote(report, `failed: ended by ${signal}`);
  return exitCode === null ? text : withNote(report, `failed: exit code ${exitCode}`);
};

const withNote = (report: ToolReport | null, note: string): string =>
  report === null || report.text === '' ? `[${note}]` : `${report.text}\n[${note}]`;

const seconds = (ms: number): string => `${Number((ms / 1_000).toFixed(1))} s`;
const bytes = (count: number): string => {
  const unit = count >= 2 ** 30 ? 'GiB' : count >= 2 ** 20 ? 'MiB' : count >= 2 ** 10 ? 'KiB' : 'bytes';
  const size = { GiB: 2 ** 30, MiB: 2 ** 20, KiB: 2 ** 10, bytes: 1 }[unit];
  return `${Number((count / size).toFixed(1))} ${unit}`;
};
