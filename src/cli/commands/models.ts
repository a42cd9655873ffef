import type { Command } from 'commander';
import { type DefineCommand, examples, type SharedOptions, withSharedOptions } from './invocation.js';

type ModelFlags = SharedOptions & { json?: boolean };

const flagsOf = (flags: ModelFlags) => ({
  ...flags,
  json: flags.json ?? false,
  verbose: flags.verbose ?? false,
});

export const defineModels: DefineCommand = (program, { context, finish }) => {
  const models = program.command('models').summary('list, inspect, load and unload models');
  const option = (command: Command): Command =>
    withSharedOptions(command.option('--json', 'print the answer as JSON'));

  option(
    models
      .command('list', { isDefault: true })
      .description("Lists the models that are known, and gpt-oss weights in other programs' folders."),
  ).action(async (flags: ModelFlags) => {
    const { listModels } = await import('../models/models.js');
    finish(await listModels(context, flagsOf(flags)));
  });
  option(models.command('inspect').description("Shows a checkpoint's header.").argument('<file>')).action(
    async (file: string, flags: ModelFlags) => {
      const { inspectModel } = await import('../models/models.js');
      finish(await inspectModel(context, file, flagsOf(flags)));
    },
  );
  option(
    models
      .command('load')
      .description('Loads a model into the daemon.')
      .argument('[file]', 'default: the configured one'),
  ).action(async (file: string | undefined, flags: ModelFlags) => {
    const { loadModel } = await import('../models/models.js');
    finish(await loadModel(context, file ?? null, flagsOf(flags)));
  });
  option(
    models.command('unload').description("Frees the model's memory; the next request loads it again."),
  ).action(async (flags: ModelFlags) => {
    const { unloadModel } = await import('../models/models.js');
    finish(await unloadModel(context, flagsOf(flags)));
  });
  models.addHelpText(
    'after',
    examples(['codexpc models', 'what there is'], ['codexpc models inspect model.bin', 'what a file holds']),
  );
};
