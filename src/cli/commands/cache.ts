import { type DefineCommand, examples, type SharedOptions, withSharedOptions } from './invocation.js';

export const defineCache: DefineCommand = (program, { context, finish }) => {
  const cache = program.command('cache').summary('show or clear what is kept of prompts');
  withSharedOptions(
    cache
      .command('show', { isDefault: true })
      .description(
        'Shows how much is kept on disk of prompts, so that the next start need not compute it again.',
      )
      .option('--json', 'print the answer as JSON'),
  ).action(async (flags: SharedOptions & { json?: boolean }) => {
    const { showCache } = await import('../cache/cache.js');
    finish(showCache(context, { ...flags, json: flags.json ?? false }));
  });
  withSharedOptions(
    cache
      .command('clear')
      .description(
        'Removes it. Stop the daemon first: it keeps the conversations that it holds when it stops.',
      ),
  ).action(async (flags: SharedOptions) => {
    const { clearCache } = await import('../cache/cache.js');
    finish(clearCache(context, flags));
  });
  cache.addHelpText(
    'after',
    examples(
      ['codexpc cache', 'how much there is, and where'],
      ['codexpc stop && codexpc cache clear', 'leave nothing'],
    ),
  );
};
