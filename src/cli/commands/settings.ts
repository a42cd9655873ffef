// The commands about the command line itself: config, completion.

import { Argument } from 'commander';
import { type DefineCommand, examples, type SharedOptions, withSharedOptions } from './invocation.js';

export const defineConfig: DefineCommand = (program, { context, finish }) => {
  const config = program.command('config').summary('show the settings');
  withSharedOptions(
    config
      .command('show', { isDefault: true })
      .description(
        'Prints the effective settings and where each came from. Flags win over the environment, it over the file.',
      )
      .option('--json', 'print them as JSON'),
  ).action(async (flags: SharedOptions & { json?: boolean }) => {
    const { configShow } = await import('../config-show.js');
    finish(configShow(context, { ...flags, json: flags.json ?? false }));
  });
};

export const defineCompletion: DefineCommand = (program, { context, finish }) => {
  program
    .command('completion')
    .summary('print a shell completion script')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      examples(
        ['source <(codexpc completion bash)', 'bash, in ~/.bashrc'],
        ['source <(codexpc completion zsh)', 'zsh, in ~/.zshrc'],
        ['codexpc completion fish | source', 'fish, in config.fish'],
      ),
    )
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const { completionScript } = await import('../completion.js');
      context.stdout.write(completionScript(shell, program));
      finish(0);
    });
};
