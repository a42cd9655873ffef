import { checkpointFor } from '../../ipc/http/model-names.js';
import type { DaemonService } from '../../ipc/service.js';

/**
 * The checkpoint behind the name that a request gives. While no engine is up, models cannot be looked at: the request
 * then goes on with the default one, to be told what is the matter. Errors: model_not_found.
 */
export const chooseCheckpoint = async (
  service: Pick<DaemonService, 'health' | 'listModels'>,
  name: string | null,
): Promise<string | null> => {
  if (name === null) return null;
  const models = await service.listModels();
  return models.length === 0 && !service.health().ok ? null : checkpointFor(name, models);
};
