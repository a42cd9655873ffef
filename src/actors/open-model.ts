// Opens a checkpoint in the engine worker, within the memory budget, and closes it again.

import { checkContext, checkEngine } from './check-addon.js';
import type { NativeAddon, NativeContext, NativeEngine } from './engine-addon.js';
import type { CheckpointFile, EngineSettings, OpenModel } from './engine-control.js';
import { guardContext, guardWeights } from './memory-guard.js';

export interface ModelInUse {
  readonly description: OpenModel;
  readonly engine: NativeEngine;
  readonly context: NativeContext;
  readonly numSlots: number;
  readonly maxDraftTokens: number;
  readonly maxPromptBatchTokens: number;
  /** What the memory budget has left. */
  readonly leftBytes: number;
  close(): void;
}

export const openModel = (addon: NativeAddon, file: CheckpointFile, settings: EngineSettings): ModelInUse => {
  guardWeights(file.path, file.sizeBytes, settings.memoryBudgetBytes);
  const started = performance.now();
  const engine = addon.openEngine({
    path: file.path,
    isa: settings.isa,
    numThreads: settings.numThreads,
    backend: settings.backend,
    denseWeights: settings.denseWeights,
  });
  const opened = performance.now();
  try {
    checkEngine(engine);
    const contextLength = Math.min(settings.contextLength, engine.config.contextLength);
    const contextOptions = {
      numSlots: engine.capabilities.parallelSequences ? settings.numSlots : 1,
      contextLength,
      maxBatchTokens: settings.maxBatchTokens,
      kvType: settings.kvType,
      maxDraftTokens: engine.capabilities.drafts
        ? Math.min(settings.maxDraftTokens, settings.maxBatchTokens - 1)
        : 0,
      maxPromptBatchTokens: engine.capabilities.promptSteps
        ? Math.min(settings.maxPromptBatchTokens, contextLength)
        : 0,
      precision: settings.precision,
    };
    const leftBytes = guardContext(
      file.path,
      engine.predict(contextOptions),
      contextOptions.numSlots,
      settings.memoryBudgetBytes,
    );
    const context = checkContext(engine.createContext(contextOptions));
    return {
      engine,
      context,
      numSlots: contextOptions.numSlots,
      maxDraftTokens: contextOptions.maxDraftTokens,
      maxPromptBatchTokens: contextOptions.maxPromptBatchTokens,
      leftBytes,
      description: {
        backend: engine.backend,
        kernels: engine.kernels,
        numThreads: engine.numThreads,
        format: engine.format,
        config: engine.config,
        contextLength,
        numSlots: contextOptions.numSlots,
        memory: context.memory(),
        openMs: opened - started,
        contextMs: performance.now() - opened,
        tokenizer: engine.tokenizer(),
      },
      close: () => {
        context.close();
        engine.close();
      },
    };
  } catch (error) {
    engine.close();
    throw error;
  }
};
