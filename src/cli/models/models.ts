// `codexpc models`: what there is, what a file holds, and what is in memory.

import { resolve } from 'node:path';
import type { LoadedModel, ModelInfo } from '../../client/index.js';
import { type ConfigFlags, loadCliConfig } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { formatBytes, formatDuration, plural } from '../format.js';
import { Interrupted, Interruption } from '../interruption.js';
import { openDaemon, openSession } from '../open-session.js';
import { paintFor } from '../terminal-text.js';
import { findOtherModels, type FoundModel } from './other-programs.js';

type Client = Awaited<ReturnType<typeof openSession>>['client'];
type Flags = ConfigFlags & { readonly json: boolean; readonly verbose: boolean };

/** Lists and inspects work without a daemon; loading into one that ends at once would be of no use. */
export const listModels = async (context: CliContext, flags: Flags): Promise<number> => {
  const found = await findOtherModels(context.place);
  const { models, others } = await asking(context, flags, async (client) => ({
    models: await client.models.list(),
    others: await lookInto(client, found),
  }));
  if (flags.json) return print(context, `${JSON.stringify([...models, ...others])}\n`);
  const { dim } = paintFor(context.stdout, context.env);
  const rows = models.map(
    ({ name, fileBytes, loaded, isDefault, checkpoint }) =>
      `${name.padEnd(20)} ${formatBytes(fileBytes).padStart(9)}  ${loaded ? 'loaded' : '      '} ${isDefault ? 'default' : '       '}  ${dim(checkpoint)}\n`,
  );
  const known = rows.length > 0 ? rows.join('') : "No model is known. Name one with '--checkpoint FILE'.\n";
  const { configFile } = loadCliConfig(context, flags).paths;
  return print(context, `${known}${describeOthers(others, configFile, dim)}`);
};

/** What the engine's readers say of a file: its header, or why it cannot be used. */
type OtherModel = FoundModel & (ModelInfo | { readonly problem: string });

const lookInto = async (client: Client, found: readonly FoundModel[]): Promise<OtherModel[]> => {
  const others: OtherModel[] = [];
  for (const model of found) {
    const seen = await client.models
      .inspect(model.checkpoint)
      .catch((error: unknown) => ({ problem: error instanceof Error ? error.message : String(error) }));
    others.push({ ...seen, ...model });
  }
  return others;
};

const describeOthers = (
  others: readonly OtherModel[],
  configFile: string,
  dim: (text: string) => string,
): string => {
  if (others.length === 0) return '';
  const rows = others.map((model) => {
    const what = 'problem' in model ? model.problem : `${formatBytes(model.fileBytes)}, ${model.format}`;
    return `${model.program.padEnd(12)} ${model.name}: ${what}\n${' '.repeat(13)}${dim(model.checkpoint)}\n`;
  });
  const usable = others.find((model) => !('problem' in model));
  const how =
    usable === undefined
      ? ''
      : `\nUse one with --checkpoint PATH, or always with this in ${configFile}:\n` +
        `[engine]\ncheckpoint = ${JSON.stringify(usable.checkpoint)}\n`;
  return `\nFound in other programs' folders:\n${rows.join('')}${how}`;
};

export const inspectModel = async (context: CliContext, file: string, flags: Flags): Promise<number> => {
  const model = await asking(context, flags, (client) => client.models.inspect(resolve(file)));
  return print(context, flags.json ? `${JSON.stringify(model)}\n` : describeModel(model));
};

export const loadModel = async (context: CliContext, file: string | null, flags: Flags): Promise<number> => {
  const interruption = new Interruption(context);
  try {
    const client = await openDaemon(loadCliConfig(context, flags));
    const model = await interruption.race(client.models.load(file === null ? null : resolve(file)));
    client.close();
    return print(context, flags.json ? `${JSON.stringify(model)}\n` : describeLoaded(model));
  } catch (error) {
    if (error instanceof Interrupted) return interruption.exitCode ?? EXIT.interrupted;
    throw error;
  } finally {
    interruption.dispose();
  }
};

export const unloadModel = async (context: CliContext, flags: Flags): Promise<number> => {
  const client = await openDaemon(loadCliConfig(context, flags));
  await client.models.unload();
  client.close();
  return print(context, flags.json ? '{}\n' : 'The model is unloaded.\n');
};

const asking = async <Answer>(
  context: CliContext,
  flags: Flags,
  ask: (client: Client) => Promise<Answer>,
): Promise<Answer> => {
  const session = await openSession(context, loadCliConfig(context, flags), {
    inProcess: false,
    verbose: flags.verbose,
    checkpoint: null,
  });
  try {
    return await ask(session.client);
  } finally {
    await session.close();
  }
};

const print = (context: CliContext, text: string): number => {
  context.stdout.write(text);
  return EXIT.ok;
};

const describeModel = ({ checkpoint, name, format, fileBytes, config, loaded }: ModelInfo): string =>
  table([
    ['name', name],
    ['file', checkpoint],
    ['size', formatBytes(fileBytes)],
    ['format', format],
    ['loaded', loaded ? 'yes' : 'no'],
    ['context', `${config.contextLength} tokens, sliding window ${config.slidingWindow}`],
    ['layers', String(config.numHiddenLayers)],
    ['experts', `${config.numExperts}, ${config.expertsPerToken} for each token`],
    ['attention', `${config.numAttentionHeads} heads, ${config.numKeyValueHeads} key-value heads of ${config.headDim}`],
    ['hidden', `${config.hiddenSize}, intermediate ${config.intermediateSize}`],
    ['vocabulary', `${config.vocabSize} tokens`],
  ]);

const describeLoaded = (model: LoadedModel): string =>
  table([
    ['model', `${model.name} (${model.format})`],
    ['file', model.checkpoint],
    ['engine', `${model.backend}, ${model.kernels}, ${plural(model.numThreads, 'thread')}`],
    ['context', `${plural(model.numSlots, 'slot')} of ${model.contextLength} tokens`],
    [
      'memory',
      `weights ${formatBytes(model.weightsBytes)}, KV ${formatBytes(model.kvBytes)}, scratch ${formatBytes(model.scratchBytes)}`,
    ],
    ['loaded', model.cached ? 'was there already' : `in ${formatDuration(model.loadMs)}`],
  ]);

const table = (rows: ReadonlyArray<readonly [string, string]>): string =>
  rows.map(([label, value]) => `${label.padEnd(12)}${value}\n`).join('');
