// Models by checkpoint: a path to a file. Null stands for the configured default.

import * as z from 'zod';
import { bytes, count, defineMessage, list, milliseconds, RequestId } from './define.js';

/** Shape of a model, in the checkpoint's own terms. */
export const ModelShape = z.object({
  contextLength: count, // positions
  numHiddenLayers: count,
  numExperts: count,
  expertsPerToken: count,
  hiddenSize: count,
  intermediateSize: count,
  headDim: count,
  numAttentionHeads: count,
  numKeyValueHeads: count,
  slidingWindow: count,
  vocabSize: count,
});
export type ModelShape = z.infer<typeof ModelShape>;

export const ModelInfo = z.object({
  checkpoint: z.string(),
  name: z.string(),
  format: z.string(),
  fileBytes: bytes,
  config: ModelShape,
  /** Positions of one conversation here: at most the model's own. */
  contextLength: count,
  loaded: z.boolean(),
  /** What a request without a checkpoint uses. */
  isDefault: z.boolean(),
});
export type ModelInfo = z.infer<typeof ModelInfo>;

export const LoadedModel = z.object({
  checkpoint: z.string(),
  name: z.string(),
  format: z.string(),
  backend: z.string(),
  /** The kernel table or Metal library in use. */
  kernels: z.string(),
  numThreads: count,
  /** Positions a slot, as configured: at most the model's own. */
  contextLength: count,
  numSlots: count,
  weightsBytes: bytes,
  kvBytes: bytes,
  scratchBytes: bytes,
  loadMs: milliseconds,
  /** True when the weights were already there and no work was done. */
  cached: z.boolean(),
});
export type LoadedModel = z.infer<typeof LoadedModel>;

export const ListModels = defineMessage('models.list', { requestId: RequestId });
export const InspectModel = defineMessage('models.inspect', {
  requestId: RequestId,
  checkpoint: z.string().min(1),
});
export const LoadModel = defineMessage('models.load', {
  requestId: RequestId,
  checkpoint: z.string().min(1).nullable(),
});
export const UnloadModel = defineMessage('models.unload', { requestId: RequestId });

export const ModelList = list(ModelInfo);
