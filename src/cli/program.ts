// The command line as commander sees it. Nothing heavy is imported here: each command brings its own work when it runs.

import { Command } from 'commander';
import { defineCache } from './commands/cache.js';
import { defineChat } from './commands/chat.js';
import { defineCodex } from './commands/codex.js';
import { defineDaemon } from './commands/daemon.js';
import { defineHealth, defineStatus, defineStop } from './commands/daemon-state.js';
import type { DefineCommand, Invocation } from './commands/invocation.js';
import { defineLogits } from './commands/logits.js';
import { defineModels } from './commands/models.js';
import { defineRun } from './commands/run.js';
import { defineDoctor, defineInstall, defineLogs, defineUninstall } from './commands/service.js';
import { defineCompletion, defineConfig } from './commands/settings.js';
import { defineTools } from './commands/tools.js';
import { defineReplay, defineWatch } from './commands/watch.js';
import { VERSION } from './version.js';

const GROUPS: ReadonlyArray<readonly [title: string, commands: readonly DefineCommand[]]> = [
  ['Answers:', [defineRun, defineChat, defineCodex]],
  [
    'Daemon:',
    [
      defineHealth,
      defineStatus,
      defineModels,
      defineTools,
      defineDaemon,
      defineLogs,
      defineWatch,
      defineReplay,
      defineStop,
    ],
  ],
  [
    'Installation and more:',
    [defineInstall, defineUninstall, defineDoctor, defineConfig, defineCache, defineLogits, defineCompletion],
  ],
];

const AFTER_HELP = `
Examples:
  codexpc run "Hello"            one answer
  codexpc chat                   a conversation
  codexpc codex                  the Codex CLI on your own model
  codexpc install                answers without loading the model each time
  codexpc doctor                 when something is wrong

Exit codes: 0 done, 1 health, status or doctor found a fault, 2 wrong usage, 75 busy (try again later),
100 cannot be done as asked, 111 system failure, 130 stopped by Ctrl-C, 141 output closed, 143 terminated.
`;

export const createProgram = (invocation: Invocation): Command => {
  const { stdout, stderr } = invocation.context;
  const program = new Command('codexpc')
    .description("Runs OpenAI's gpt-oss models on this machine, one copy of the weights for every program.")
    .version(VERSION, '-V, --version')
    .showSuggestionAfterError()
    .enablePositionalOptions() // what follows `codex` is Codex' own
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'codexpc: ')),
    })
    .addHelpCommand(
      new Command('help')
        .argument('[command]')
        .description('help for a command')
        .helpGroup('Installation and more:'),
    )
    .addHelpText('after', AFTER_HELP);
  for (const [title, commands] of GROUPS) {
    program.commandsGroup(title);
    for (const define of commands) define(program, invocation);
  }
  return program;
};
