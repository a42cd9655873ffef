// The commands that look into the daemon: watch and replay.

import { type DefineCommand, examples, type SharedOptions, withSharedOptions } from './invocation.js';

interface WatchFlags extends SharedOptions {
  readonly record?: string;
  readonly showContent?: boolean;
  readonly json?: boolean;
  readonly ui: boolean;
}

export const defineWatch: DefineCommand = (program, { context, finish }) => {
  withSharedOptions(
    program
      .command('watch')
      .summary('what the daemon does, live')
      .description(
        'Shows the state machines of the running daemon: active states, transitions, guards that refused, speed, memory, log. Lines instead of a screen where output is no terminal.',
      )
      .option('--record <file>', 'write a recording too, for `codexpc replay` and bug reports')
      .option(
        '--show-content',
        'texts of prompts and answers too; they are hidden otherwise, in recordings as well',
      )
      .option('--json', 'print the events as JSON lines')
      .option('--no-ui', 'lines instead of a screen'),
  )
    .addHelpText(
      'after',
      examples(
        ['codexpc watch', 'a screen to leave open'],
        ['codexpc watch --record crash.codexpc', 'keep what happens'],
        ['codexpc watch --json | jq .kind', 'for scripts'],
      ),
    )
    .action(async ({ record, showContent, json, ...flags }: WatchFlags) => {
      const { watch } = await import('../watch/watch.js');
      finish(
        await watch(context, {
          ...flags,
          record: record ?? null,
          showContent: showContent ?? false,
          json: json ?? false,
        }),
      );
    });
};

export const defineReplay: DefineCommand = (program, { context, finish }) => {
  program
    .command('replay')
    .summary('play a recording of `codexpc watch`')
    .description(
      'Plays a recording on the same screen. It needs no daemon, and may come from another machine.',
    )
    .argument('<file>', 'a recording')
    .option('--json', 'print the events as JSON lines')
    .option('--no-ui', 'lines instead of a screen')
    .addHelpText('after', examples(['codexpc replay crash.codexpc', 'space pauses, ← → step, + - speed']))
    .action(async (file: string, { json, ui }: { readonly json?: boolean; readonly ui: boolean }) => {
      const { replay } = await import('../watch/replay.js');
      finish(await replay(context, { file, json: json ?? false, ui }));
    });
};
