// A pool worker's side of a call: checks the arguments, waits for the word to run, runs, reports.

import type { ToolReport, ToolWorkCommand } from '../../machines/tool-call.js';
import { runCalculator, type CalculatorArguments } from './calculator/calculator.js';
import { createArgumentChecker } from './check-arguments.js';
import { type ClockArguments, runClock } from './clock.js';
import { type ListDirectoryArguments, runListDirectory } from './files/list-directory.js';
import { type ReadFileArguments, runReadFile } from './files/read-file.js';
import { PathError } from './files/rooted-path.js';
import { runSearchFiles, type SearchFilesArguments } from './files/search-files.js';
import { type ApplyPatchArguments, runApplyPatch } from './patch/apply-patch.js';
import { PatchError } from './patch/parse-patch.js';
import { cutText } from './program/output-capture.js';
import { type Program, type ProgramEnd, type ProgramOptions, startProgram } from './program/program.js';
import { planShell, type ShellArguments } from './shell.js';
import { failure, type ToolAnswer } from './tool-answer.js';
import { isShippedTool } from './tool.js';
import type { ToolJob, WorkerReport } from './tool-job.js';

const checkArguments = createArgumentChecker();

/** null: nothing to do but to be loaded. */
const runJob = async (job: ToolJob | null): Promise<void> => {
  if (job === null) return;
  const { port } = job;
  const tell = (report: WorkerReport): void => port.postMessage(report);
  let program: Program | null = null;
  const told = new Promise<void>((resolve) =>
    port.on('message', ({ type }: ToolWorkCommand) => {
      if (type === 'run') resolve();
      else if (type === 'terminate') program?.terminate();
      else program?.kill();
    }),
  );
  try {
    tell({ type: 'work.started' });
    const checked = checkArguments(argumentsText(job), job.parameters);
    if (!checked.isValid) return tell({ type: 'arguments.invalid', reason: checked.reason });
    tell({ type: 'arguments.valid', wallMs: wallMsOf(job, checked.value) });
    await told;
    const plan = planOf(job, checked.value);
    if (plan.type === 'answer') return tell({ type: 'work.done', report: reportOf(plan.answer, job) });
    program = startProgram({
      ...job,
      ...plan.program,
      confinement: job.confinement!,
      onLimit: (limit) => tell({ type: 'limit.passed', limit }),
    });
    if (program.pid !== null) tell({ type: 'program.started', pid: program.pid });
    tell(toReport(await program.ended));
  } finally {
    port.close();
  }
};
export default runJob;

type Plan =
  | { readonly type: 'answer'; readonly answer: ToolAnswer }
  | {
      readonly type: 'program';
      readonly program: Pick<ProgramOptions, 'argv' | 'input' | 'startFolder' | 'environment'>;
    };

const planOf = (job: ToolJob, args: unknown): Plan => {
  const { name, argv, workFolder } = job;
  if (!isShippedTool(name)) {
    const input = `${JSON.stringify(args)}\n`;
    return { type: 'program', program: { argv: argv!, input, startFolder: workFolder, environment: {} } };
  }
  switch (name) {
    case 'clock':
      return { type: 'answer', answer: runClock(args as ClockArguments, Date.now()) };
    case 'calculator':
      return { type: 'answer', answer: runCalculator(args as CalculatorArguments) };
    case 'shell': {
      const plan = planShell(args as ShellArguments, job);
      if ('isOk' in plan) return { type: 'answer', answer: plan };
      return { type: 'program', program: { ...plan, input: '', environment: {} } };
    }
    case 'read_file':
      return fileAnswer(() => runReadFile(args as ReadFileArguments, job));
    case 'list_directory':
      return fileAnswer(() => runListDirectory(args as ListDirectoryArguments, job));
    case 'search_files':
      return fileAnswer(() => runSearchFiles(args as SearchFilesArguments, job));
    case 'apply_patch':
      return fileAnswer(() => runApplyPatch(args as ApplyPatchArguments, workFolder));
    case 'python':
      throw new Error('python runs in its session, not here');
  }
};

/** What the tool throws for the model is its answer. */
const fileAnswer = (run: () => ToolAnswer): Plan => {
  try {
    return { type: 'answer', answer: run() };
  } catch (error) {
    if (error instanceof PathError || error instanceof PatchError)
      return { type: 'answer', answer: failure(error.message) };
    throw error;
  }
};

/** The arguments as JSON: a tool that takes plain text too may have been given just that. */
const argumentsText = ({ arguments: text, textArgument }: ToolJob): string => {
  if (textArgument === null) return text;
  const start = text.trimStart();
  if (start.startsWith('{')) return text;
  return JSON.stringify({ [textArgument]: start.startsWith('"') ? (parsedString(start) ?? text) : text });
};

const parsedString = (text: string): string | null => {
  try {
    return String(JSON.parse(text));
  } catch {
    return null;
  }
};

/** Only the shell lets a call ask for less time. */
const wallMsOf = ({ name }: ToolJob, args: unknown): number | null =>
  name === 'shell' ? ((args as ShellArguments).timeout_ms ?? null) : null;

const reportOf = ({ isOk, text }: ToolAnswer, { limits }: ToolJob): ToolReport => ({
  isOk,
  ...cutText(text, limits.outputBytes),
  exitCode: null,
  signal: null,
  outputBytes: Buffer.byteLength(text),
  limit: null,
});

const toReport = (end: ProgramEnd): WorkerReport =>
  end.type === 'report'
    ? { type: 'work.done', report: end.report }
    : { type: 'work.refused', reason: end.reason };
