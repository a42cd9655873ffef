// The commands that ask the daemon about itself, or end it: health, status, stop.

import { milliseconds } from '../option-parsers.js';
import { type DefineCommand, examples, type SharedOptions, withSharedOptions } from './invocation.js';

export const defineHealth: DefineCommand = (program, { context, finish }) => {
  withSharedOptions(
    program
      .command('health')
      .summary('can the daemon answer?')
      .description("Prints 'health: ok' when the daemon can answer. Exit code 0 if so, 1 if not.")
      .option('--json', 'print the answer as JSON'),
  ).action(async (flags: SharedOptions & { json?: boolean }) => {
    const { health } = await import('../health.js');
    finish(await health(context, { ...flags, json: flags.json ?? false }));
  });
};

export const defineStatus: DefineCommand = (program, { context, finish }) => {
  withSharedOptions(
    program
      .command('status')
      .summary('one screen about the daemon')
      .description(
        'Shows engine, model, slots, queue, memory, speed and restarts. Exit code 0 when ready, 1 when not.',
      )
      .option('-w, --watch', 'keep it live; Ctrl-C leaves')
      .option('--interval <duration>', 'how often, with --watch', milliseconds, 1_000)
      .option('--json', 'print it as JSON'),
  )
    .addHelpText(
      'after',
      examples(['codexpc status --watch', 'live'], ['codexpc status --json | jq .memory', 'for scripts']),
    )
    .action(async (flags: SharedOptions & { json?: boolean; watch?: boolean; interval: number }) => {
      const { status } = await import('../status/status.js');
      finish(
        await status(context, {
          ...flags,
          json: flags.json ?? false,
          watch: flags.watch ?? false,
          intervalMs: flags.interval,
        }),
      );
    });
};

export const defineStop: DefineCommand = (program, { context, finish }) => {
  withSharedOptions(
    program
      .command('stop')
      .summary('stop the daemon')
      .description('Stops the daemon after the running answers, and waits until it is gone.')
      .option('--now', 'cancel the running answers'),
  ).action(async (flags: SharedOptions & { now?: boolean }) => {
    const { stop } = await import('../stop.js');
    finish(await stop(context, { ...flags, now: flags.now ?? false }));
  });
};
