// What every command's definition gets, and the options that all of them have.

import { type Command, Option } from 'commander';
import type { CliContext } from '../context.js';

export interface Invocation {
  readonly context: CliContext;
  finish(exitCode: number): void;
}

/** Adds a command to the program. Definitions are light: what a command does is imported when it runs. */
export type DefineCommand = (program: Command, invocation: Invocation) => void;

export interface SharedOptions {
  readonly config?: string;
  readonly socket?: string;
  readonly transport?: string;
  readonly verbose?: boolean;
}

export const withSharedOptions = (command: Command): Command =>
  command
    .addOption(new Option('--config <file>', 'settings file').helpGroup('Shared options:'))
    .addOption(new Option('--socket <path>', "the daemon's socket").helpGroup('Shared options:'))
    .addOption(
      new Option('--transport <way>', 'how to reach the daemon')
        .choices(['unix', 'xpc'])
        .helpGroup('Shared options:'),
    )
    .addOption(new Option('--verbose', 'tell more when something fails').helpGroup('Shared options:'));

export const examples = (...lines: ReadonlyArray<readonly [command: string, meaning: string]>): string => {
  const width = Math.max(...lines.map(([command]) => command.length)) + 3;
  return `\nExamples:\n${lines.map(([command, meaning]) => `  ${command.padEnd(width)}${meaning}`).join('\n')}\n`;
};
