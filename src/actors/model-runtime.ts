// A loaded model as sessions use it: its tokenizer and renderer beside the figures that `status` shows.

import { createRenderer, type Renderer, stopTokens } from '../harmony/renderer.js';
import { createTokenizer, type Tokenizer } from '../harmony/tokenizer.js';
import type { LoadedModel } from '../ipc/protocol.js';
import { modelNameOf } from './checkpoint-file.js';
import type { CheckpointFile, OpenModel } from './engine-control.js';
import { createWrittenMessages, type WrittenMessages } from './written-messages.js';

export interface ModelRuntime {
  readonly loaded: LoadedModel;
  readonly open: Omit<OpenModel, 'tokenizer'>;
  readonly tokenizer: Tokenizer;
  readonly renderer: Renderer;
  readonly stopTokens: readonly number[];
  readonly written: WrittenMessages;
}

export const createModelRuntime = (
  file: CheckpointFile,
  { tokenizer: vocabulary, ...open }: OpenModel,
  startedMs: number,
): ModelRuntime => {
  const tokenizer = createTokenizer({
    pattern: vocabulary.pattern,
    tokens: { bytes: vocabulary.bytes, offsets: vocabulary.offsets },
    specialTokens: new Map(Object.entries(vocabulary.specialTokens).map(([name, id]) => [`<|${name}|>`, id])),
    vocabularySize: open.config.vocabSize,
  });
  return {
    open,
    tokenizer,
    renderer: createRenderer({ tokenizer }),
    stopTokens: stopTokens(tokenizer),
    written: createWrittenMessages(tokenizer.harmony, open.numSlots * open.contextLength),
    loaded: {
      checkpoint: file.path,
      name: modelNameOf(file.path),
      format: open.format,
      backend: open.backend,
      kernels: open.kernels,
      numThreads: open.numThreads,
      contextLength: open.contextLength,
      numSlots: open.numSlots,
      weightsBytes: open.memory.weightsBytes,
      kvBytes: open.memory.kvBytes,
      scratchBytes: open.memory.scratchBytes,
      loadMs: performance.now() - startedMs,
      cached: false,
    },
  };
};
