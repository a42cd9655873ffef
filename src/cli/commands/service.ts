// The commands around the background service: install, uninstall, logs, doctor.

import { integer } from '../option-parsers.js';
import { type DefineCommand, examples, type SharedOptions, withSharedOptions } from './invocation.js';

export const defineInstall: DefineCommand = (program, { context, finish }) => {
  withSharedOptions(
    program
      .command('install')
      .summary('install the background service')
      .description(
        'Installs codexpc as a background service of this user: a systemd unit on Linux, a LaunchAgent on macOS. Twice is harmless.',
      )
      .option('--dry-run', 'only show what would be written and run')
      .option('--no-start', 'write the units without enabling them'),
  )
    .addHelpText(
      'after',
      examples(['codexpc install --dry-run', 'look first'], ['codexpc install', 'then do it']),
    )
    .action(async (flags: SharedOptions & { dryRun?: boolean; start: boolean }) => {
      const { install } = await import('../service/install.js');
      finish(await install(context, { ...flags, dryRun: flags.dryRun ?? false }));
    });
};

export const defineUninstall: DefineCommand = (program, { context, finish }) => {
  program
    .command('uninstall')
    .summary('remove the background service')
    .description(
      'Stops and removes the service. Settings, log, models and kept prompts (codexpc cache) stay.',
    )
    .option('--dry-run', 'only show what would be removed')
    .option('--verbose', 'tell more when something fails')
    .action(async (flags: { dryRun?: boolean }) => {
      const { uninstall } = await import('../service/install.js');
      finish(await uninstall(context, { dryRun: flags.dryRun ?? false }));
    });
};

export const defineLogs: DefineCommand = (program, { context, finish }) => {
  withSharedOptions(
    program
      .command('logs')
      .summary("show the daemon's log")
      .option('-f, --follow', 'go on as lines are written; Ctrl-C leaves')
      .option('-n, --lines <n>', 'how many of the last lines', integer(0, 1_000_000), 100)
      .option('--json', 'lines as they are in the file'),
  )
    .addHelpText(
      'after',
      examples(['codexpc logs --follow', 'as it happens'], ['codexpc logs -n 20', 'the last twenty lines']),
    )
    .action(async (flags: SharedOptions & { follow?: boolean; lines: number; json?: boolean }) => {
      const { logs } = await import('../logs/logs.js');
      finish(await logs(context, { ...flags, follow: flags.follow ?? false, json: flags.json ?? false }));
    });
};

export const defineDoctor: DefineCommand = (program, { context, finish }) => {
  withSharedOptions(
    program
      .command('doctor')
      .summary('check this installation')
      .description(
        'Checks Node, the native addon, CPU, memory, settings, model, socket, service and disk. Each failed check says what to do.',
      )
      .option('--json', 'print the results as JSON'),
  ).action(async (flags: SharedOptions & { json?: boolean }) => {
    const { doctor } = await import('../doctor/doctor.js');
    finish(await doctor(context, { ...flags, json: flags.json ?? false }));
  });
};
