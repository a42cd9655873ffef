// The names by which HTTP clients ask for models. Codex and others have the names of Ollama and LM Studio built in; each
// of them means the default model unless a checkpoint has that very name. Other unknown names are refused.

import type { CodexpcError } from '../../errors.js';
import type { ModelInfo } from '../protocol.js';
import { refusal } from './api-error.js';

const SIZES = ['20b', '120b'] as const;
/** As Ollama and LM Studio write them: `codex --oss` looks for the first of each in the list of models. */
const LISTED_ALIASES: readonly string[] = SIZES.flatMap((size) => [
  `gpt-oss:${size}`,
  `openai/gpt-oss-${size}`,
]);
const ALIASES: readonly string[] = [
  ...LISTED_ALIASES,
  ...SIZES.map((size) => `gpt-oss-${size}`),
  'gpt-oss',
  'codexpc',
];

export interface ListedModel {
  readonly id: string;
  readonly object: 'model';
  readonly created: number; // seconds since 1970
  readonly owned_by: string;
  /** Ours: the model that the name stands for. */
  readonly alias_of?: string;
  /** Ours, as other local servers say it: positions of one conversation. */
  readonly context_length: number;
}

export const listModels = (
  models: readonly ModelInfo[],
  created: number,
): { readonly object: 'list'; readonly data: readonly ListedModel[] } => {
  const own = models.map(({ name, contextLength }) => entry(name, contextLength, created));
  const main = defaultOf(models);
  const aliases =
    main === undefined
      ? []
      : LISTED_ALIASES.filter((alias) => !models.some(({ name }) => name === alias)).map((alias) => ({
          ...entry(alias, main.contextLength, created),
          alias_of: main.name,
        }));
  return { object: 'list', data: [...own, ...aliases] };
};

const entry = (id: string, contextLength: number, created: number): ListedModel => ({
  id,
  object: 'model',
  created,
  owned_by: 'codexpc',
  context_length: contextLength,
});

/** Ollama's list. */
export const listTags = (models: readonly ModelInfo[]) => ({
  models: listModels(models, 0).data.map(({ id, alias_of }) => ({
    name: id,
    model: id,
    size: models.find(({ name }) => name === (alias_of ?? id))?.fileBytes ?? 0,
    details: { family: 'gptoss', format: models.find(({ name }) => name === (alias_of ?? id))?.format ?? '' },
  })),
});

/** The checkpoint to ask for; null: the default one. Throws model_not_found. */
export const checkpointFor = (name: string | null, models: readonly ModelInfo[]): string | null => {
  if (name === null || name === '') return null;
  const known = models.find((model) => model.name === name || model.checkpoint === name);
  if (known !== undefined) return known.isDefault ? null : known.checkpoint;
  if (ALIASES.includes(name)) return null;
  throw noSuchModel(name, models);
};

export const findListed = (name: string, models: readonly ModelInfo[], created: number): ListedModel => {
  const found = listModels(models, created).data.find(({ id }) => id === name);
  if (found === undefined) throw noSuchModel(name, models);
  return found;
};

const defaultOf = (models: readonly ModelInfo[]): ModelInfo | undefined =>
  models.find(({ isDefault }) => isDefault) ?? models[0];

const noSuchModel = (name: string, models: readonly ModelInfo[]): CodexpcError =>
  refusal({
    status: 404,
    code: 'model_not_found',
    message: `There is no model ${JSON.stringify(name.slice(0, 100))}. This daemon has ${models.map((model) => model.name).join(', ')}; the gpt-oss names mean its default model.`,
    param: 'model',
  });
