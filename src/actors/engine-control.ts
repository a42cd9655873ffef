// The control plane of the engine worker, spoken through comlink: which model it holds. comlink carries no error
// codes, so results are values.

import type { MemoryUse, ModelConfig, TokenizerData } from './engine-addon.js';
import type { Fault } from './fault.js';
import type { ErrorRecord } from './engine-frames.js';

export interface EngineSettings {
  /** Where the worker runs. */
  readonly isolation: 'thread' | 'process';
  readonly numSlots: number;
  /** Positions a slot; cut to what the model can do. */
  readonly contextLength: number;
  readonly maxBatchTokens: number;
  /** Of a step that is computed in parts; 0: there are none. */
  readonly maxPromptBatchTokens: number;
  /** Tokens that are guessed ahead in one step, over all sequences; 0: none. */
  readonly maxDraftTokens: number;
  readonly kvType: 'f32' | 'f16' | 'q8';
  readonly precision: 'exact' | 'fast';
  readonly denseWeights: 'stored' | 'q8';
  readonly backend: 'auto' | 'cpu' | 'metal';
  /** '' = the best this processor has. */
  readonly isa: string;
  /** 0 = one per physical core. */
  readonly numThreads: number;
  readonly queueBound: number;
  readonly memoryBudgetBytes: number;
  readonly beatMs: number;
  readonly prefixCache: PrefixCacheSettings;
}

export interface PrefixCacheSettings {
  /** 0: prefixes are kept in their slots only. */
  readonly memoryBytes: number;
  /** 0: nothing is kept on disk. */
  readonly diskBytes: number;
  readonly folder: string | null;
  /** Of the program: another one may compute other numbers. */
  readonly version: string;
}

/** A checkpoint as the engine cache knows it: a file that was replaced is another one. */
export interface CheckpointFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
  readonly inode: number;
}

export const checkpointKey = ({ path, sizeBytes, mtimeMs, inode }: CheckpointFile): string =>
  `${path}@${sizeBytes}-${mtimeMs}-${inode}`;

export interface OpenModel {
  readonly backend: string;
  readonly kernels: string;
  readonly numThreads: number;
  readonly format: string;
  readonly config: ModelConfig;
  readonly contextLength: number;
  readonly numSlots: number;
  readonly memory: MemoryUse;
  readonly openMs: number;
  readonly contextMs: number;
  readonly tokenizer: TokenizerData;
}

export type Result<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: ErrorRecord };

export interface EngineControl {
  load(file: CheckpointFile): Promise<Result<OpenModel>>;
  /** Reads a checkpoint's header. */
  describe(file: CheckpointFile): Promise<Result<Pick<OpenModel, 'format' | 'config'>>>;
  unload(): Promise<Result<null>>;
  /** Of a worker that was started with a fault, `none` for example. */
  inject(fault: Fault): void;
  close(): void;
}
