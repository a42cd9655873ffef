// The entry of the command line: runs one command, turns what went wrong into a sentence and an exit code.

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import { type CliContext, processContext } from './context.js';
import { EXIT, exitCodeOf } from './exit-codes.js';
import { createProgram } from './program.js';
import { describeError } from './report-error.js';

/** Runs `codexpc <args>` and resolves to its exit code. */
export const main = async (
  args: readonly string[],
  context: CliContext = processContext(),
): Promise<number> => {
  let exitCode: number = EXIT.ok;
  const program = createProgram({
    context,
    finish: (code) => {
      exitCode = code;
    },
  });
  try {
    if (args.length === 0) {
      program.outputHelp();
      return EXIT.usage;
    }
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return afterCommander(error, args, context);
    context.stderr.write(describeError(error, args.includes('--verbose')));
    return exitCodeOf(error);
  }
};

/** As a program: exits with the code, after everything written has been read. */
export const runAsProgram = async (args: readonly string[]): Promise<void> => {
  const context = processContext();
  // A reader that leaves is noticed where output is written; it must not become a crash besides.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exitCode = EXIT.pipeClosed;
    });
  }
  process.on('uncaughtException', (error) => {
    process.stderr.write(describeError(error, args.includes('--verbose')));
    process.exit(EXIT.systemFailure);
  });
  const exitCode = await main(args, context);
  await Promise.all([process.stdout, process.stderr].map(flushed));
  process.exit(process.exitCode === EXIT.pipeClosed ? EXIT.pipeClosed : exitCode);
};

const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  stream.writableLength === 0 || stream.destroyed
    ? Promise.resolve()
    : new Promise((resolve) => stream.write('', () => resolve()));

/** What other programs of this kind call our commands, and what a command of a group is called without it. */
const NAMED_HERE: Readonly<Record<string, string>> = {
  inspect: 'models inspect',
  list: 'models list',
  load: 'models load',
  ls: 'models list',
  ps: 'status',
  serve: 'daemon',
  show: 'models inspect',
  start: 'daemon',
  unload: 'models unload',
};

/** Help and version end well; everything else has been printed and is the user's to correct. */
const afterCommander = (error: CommanderError, args: readonly string[], { stderr }: CliContext): number => {
  if (error.exitCode === 0) return EXIT.ok;
  if (error.code === 'commander.help') return EXIT.usage;
  const command = args.find((argument) => !argument.startsWith('-'));
  const here = error.code === 'commander.unknownCommand' ? NAMED_HERE[command ?? ''] : undefined;
  if (here !== undefined) stderr.write(`  Here it is 'codexpc ${here}'.\n`);
  stderr.write(
    `  See 'codexpc ${command === undefined || error.code === 'commander.unknownCommand' ? '' : `${command} `}--help'.\n`,
  );
  return EXIT.usage;
};

const isProgram = (): boolean => {
  const script = process.argv[1];
  return script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url);
};

if (isProgram()) void runAsProgram(process.argv.slice(2));
