import { type DefineCommand, examples } from './invocation.js';

export const defineCodex: DefineCommand = (program, { context, finish }) => {
  program
    .command('codex')
    .summary('the Codex CLI on this daemon')
    .description(
      'Starts the Codex CLI with everything set for this daemon, and the daemon if none runs. Every argument is handed on to Codex.',
    )
    .argument('[args...]', "Codex' own arguments")
    .option('--print-config', 'show the profile and the model catalogue instead')
    .option('--install', "write them as a profile beside Codex' own configuration")
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText(
      'after',
      examples(
        ['codexpc codex', 'the interactive client'],
        ['codexpc codex exec "Fix the tests"', 'one task'],
        ['codexpc codex resume --last', 'go on with the latest session'],
        ['codexpc codex --install', "then 'codex --profile codexpc' works anywhere"],
      ),
    )
    .action(async (args: string[], flags: { printConfig?: boolean; install?: boolean }) => {
      const { codex } = await import('../codex/codex.js');
      finish(
        await codex(context, {
          args,
          printConfig: flags.printConfig ?? false,
          install: flags.install ?? false,
        }),
      );
    });
};
