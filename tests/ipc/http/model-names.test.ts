import { describe, expect, test } from '@jest/globals';
import { checkpointFor, listModels, listTags } from '../../../src/ipc/http/model-names.js';
import type { ModelInfo } from '../../../src/ipc/protocol.js';

const model = (name: string, isDefault: boolean): ModelInfo => ({
  checkpoint: `/models/${name}.bin`,
  name,
  format: 'gpt-oss',
  fileBytes: 7,
  config: {} as ModelInfo['config'],
  contextLength: 4096,
  loaded: false,
  isDefault,
});
const models = [model('pocket', true), model('gpt-oss-120b', false)];

describe('a model’s name', () => {
  test.each([null, '', 'pocket', 'gpt-oss:20b', 'openai/gpt-oss-20b', 'gpt-oss-20b', 'codexpc'])(
    '%s means the default model',
    (name) => expect(checkpointFor(name, models)).toBeNull(),
  );
  test('means the checkpoint that has it, before any alias', () =>
    expect(checkpointFor('gpt-oss-120b', models)).toBe('/models/gpt-oss-120b.bin'));
  test('that nobody has is refused with those that there are', () =>
    expect(() => checkpointFor('gpt-5-codex', models)).toThrow(/"gpt-5-codex".*pocket, gpt-oss-120b/));
  test('cannot be a path of the client’s choice', () =>
    expect(() => checkpointFor('/etc/passwd', models)).toThrow(/no model/));
});

describe('the list of models', () => {
  test('has each model, and the names that Codex looks for with --oss', () => {
    const { data } = listModels(models, 5);
    expect(data.slice(0, 2)).toMatchObject([
      { id: 'pocket', object: 'model', created: 5, owned_by: 'codexpc', context_length: 4096 },
      { id: 'gpt-oss-120b' },
    ]);
    expect(data.filter(({ alias_of }) => alias_of === 'pocket').map(({ id }) => id)).toEqual(
      expect.arrayContaining(['gpt-oss:20b', 'openai/gpt-oss-20b']),
    );
  });
  test('is told to Ollama’s clients in their words', () =>
    expect(listTags(models).models).toContainEqual(
      expect.objectContaining({ name: 'gpt-oss:20b', model: 'gpt-oss:20b', size: 7 }),
    ));
});
