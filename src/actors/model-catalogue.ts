// The checkpoints that the daemon knows: the configured one, and each that was asked for since it started.

import type { ModelInfo } from '../ipc/protocol.js';
import { findCheckpoint, modelNameOf } from './checkpoint-file.js';
import { type CheckpointFile, checkpointKey } from './engine-control.js';
import type { EngineActor } from './engine-actor.js';

export interface ModelCatalogue {
  list(): Promise<readonly ModelInfo[]>;
  /** Errors: model_not_found, io_error, model_corrupt, engine_*. */
  inspect(checkpoint: string): Promise<ModelInfo>;
}

export const createModelCatalogue = (
  engine: Pick<EngineActor, 'describe' | 'report' | 'knownCheckpoints'>,
  defaultCheckpoint: string | null,
  contextLength: number,
): ModelCatalogue => {
  const described = new Map<string, Pick<ModelInfo, 'format' | 'config'>>();

  const describe = async (file: CheckpointFile): Promise<Pick<ModelInfo, 'format' | 'config'>> => {
    const key = checkpointKey(file);
    const description = described.get(key) ?? (await engine.describe(file));
    described.set(key, description);
    return description;
  };

  const inspect = async (checkpoint: string): Promise<ModelInfo> => {
    const file = await findCheckpoint(checkpoint);
    const { format, config } = await describe(file);
    return {
      checkpoint,
      name: modelNameOf(checkpoint),
      format,
      fileBytes: file.sizeBytes,
      config,
      contextLength: Math.min(config.contextLength, contextLength),
      loaded: engine.report().model?.loaded.checkpoint === checkpoint,
      isDefault: checkpoint === defaultCheckpoint,
    };
  };

  return {
    inspect,
    list: async () => {
      const known = new Set([
        ...(defaultCheckpoint === null ? [] : [defaultCheckpoint]),
        ...engine.knownCheckpoints(),
      ]);
      // One that has been moved away or damaged is left out; `inspect` says why.
      const models = await Promise.all([...known].map((checkpoint) => inspect(checkpoint).catch(() => null)));
      return models.filter((model) => model !== null);
    },
  };
};
