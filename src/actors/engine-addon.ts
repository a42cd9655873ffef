// The native addon's face, typed once. Calls are synchronous and short; failures throw CodexpcError.

import type { CodexpcError, ErrorCode } from '../errors.js';

/** Shape of a model, in the checkpoint's own terms (camelCase of config.json). */
export interface ModelConfig {
  readonly contextLength: number; // positions
  readonly numHiddenLayers: number;
  readonly numExperts: number;
  readonly expertsPerToken: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly headDim: number;
  readonly numAttentionHeads: number;
  readonly numKeyValueHeads: number;
  readonly slidingWindow: number;
  readonly vocabSize: number;
}

export interface TokenizerData {
  readonly pattern: string;
  /** (numTextTokens + 1) offsets into `bytes`; token id = position = BPE rank. */
  readonly offsets: Uint32Array;
  readonly bytes: Uint8Array;
  /** Name ("start", "message", …) → id. Reserved ids have no name and are left out. */
  readonly specialTokens: Readonly<Record<string, number>>;
}

/** Weights, kv and scratch add up to everything; the other two say what is in kv. */
export interface MemoryUse {
  readonly weightsBytes: number;
  readonly kvBytes: number; // all slots
  readonly kvBytesPerToken: number; // growth of a slot with one more position
  readonly windowBytes: number; // per slot, constant: rings of the sliding-window blocks and their checkpoints
  readonly scratchBytes: number;
}

export interface ContextOptions {
  readonly numSlots: number;
  readonly contextLength: number; // positions a slot
  readonly maxBatchTokens: number;
  readonly kvType: 'f32' | 'f16' | 'q8';
  /** Drafts in one step, over all items; by default none. */
  readonly maxDraftTokens?: number;
  readonly precision: 'exact' | 'fast';
  /** Of one prompt step; by default none can be begun. */
  readonly maxPromptBatchTokens?: number;
}

export interface SamplerOptions {
  readonly temperature: number; // 0 = greedy
  readonly topK: number; // 0 = off
  readonly topP: number; // 1 = off
  readonly minP: number; // 0 = off
  readonly repetitionPenalty: number; // 1 = off
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly logitBias: ReadonlyArray<readonly [token: number, bias: number]>;
  readonly seed: bigint;
}

export interface TokenLogprob {
  readonly token: number;
  readonly logprob: number;
}

/** One open checkpoint on one backend. Immutable; `close` twice is harmless. */
export interface NativeEngine {
  readonly backend: string;
  readonly kernels: string;
  readonly numThreads: number;
  readonly format: string;
  readonly config: ModelConfig;
  readonly capabilities: {
    readonly logits: boolean;
    readonly parallelSequences: boolean;
    readonly prefixReuse: boolean;
    /** `save` and `restore` work. */
    readonly snapshots: boolean;
    /** Items of a step may have drafts. */
    readonly drafts: boolean;
    /** `beginPromptStep` works. */
    readonly promptSteps: boolean;
    /** Reads the weights where the file is mapped; others have copied them. */
    readonly mapsWeights: boolean;
  };
  readonly weightsBytes: number;
  /** Of all files of the checkpoint. */
  readonly fileBytes: number;
  /**
   * Brings the files into memory from byte `offset` on, for about `budgetMs`, and returns where to go on: `fileBytes`
   * when all is there. Errors: io_error, when the disk fails or a file was cut short.
   */
  pageIn(offset: number, budgetMs: number): number;
  /** Errors: model_corrupt, when a byte or a Harmony token is missing; such a model still computes logits. */
  tokenizer(): TokenizerData;
  predict(options: ContextOptions): MemoryUse;
  createContext(options: ContextOptions): NativeContext;
  close(): void;
}

/**
 * Holds 250 KB and up to 12 bytes a token of the vocabulary, of which the garbage collector knows nothing: in a process
 * that lives long it is closed. `close` twice is harmless.
 */
export interface NativeSampler {
  /** Counts tokens (prompt or sampled) for the penalties. */
  accept(tokens: Uint32Array): void;
  /**
   * Only tokens whose bit is set (bit i % 32 of word i / 32) are sampled until the next call; null lifts the mask.
   * Log-probabilities stay those of the whole distribution. A mask that allows nothing is an `invalid_request`.
   */
  setMask(words: Uint32Array | null): void;
  close(): void;
}

export interface BatchItem {
  readonly slot: number;
  readonly tokens: Uint32Array;
  /** Samples the token after the last one; null for a prefill chunk that is not the last. */
  readonly sampler: NativeSampler | null;
  /** How many alternatives to report with their log-probabilities; 0 = none. */
  readonly topLogprobs: number;
  /** How many of the last tokens are guesses at what the sampler will draw; by default none. */
  readonly numDrafts?: number;
}

export interface Sampled extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}

export interface StepSample extends Sampled {
  /** Drawn after it, as long as what was drawn is what was drafted: as many as drafts came true, at most. */
  readonly further: readonly Sampled[];
}

export interface PromptStepPart {
  /** 0: the tokens are in the slot. */
  readonly numPartsLeft: number;
  /** After the last part, what `step` answers for the item. */
  readonly sampled: StepSample | null;
}

/** A slot's checkpoints at most (kCheckpointsPerSlot). */
export const MAX_CHECKPOINTS = 8;

export interface NativeContext {
  /**
   * Appends each item's tokens to its slot in one forward step; answers per item, null where no sampler was given.
   * Drafts that did not come true are in the slot too: `truncate` takes them off, and resumes at once.
   */
  step(items: readonly BatchItem[]): ReadonlyArray<StepSample | null>;
  /**
   * Begins a step of one item of up to maxPromptBatchTokens tokens, without drafts, which is computed in parts. In between,
   * other slots can be used as always; its own can be read (copied, saved), and refuses what would change it.
   */
  beginPromptStep(item: BatchItem): void;
  /** Computes the next part: about a block of the model. */
  continuePromptStep(): PromptStepPart;
  /** The slot holds what it held before the step. Harmless where none is under way. */
  abandonPromptStep(): void;
  /** Logits (vocabSize) of the slot's last token, a copy. Only if that step had a sampler. */
  logits(slot: number): Float32Array;
  length(slot: number): number;
  /**
   * Cuts the slot; returns the position from which tokens have to be fed again (≤ length). The same tokens as before
   * up to `length` (another one is an `invalid_request`), and logits only from `length` on: to sample after a prompt
   * that is cached whole, cut to its length − 1.
   */
  truncate(slot: number, length: number): number;
  /** Makes `to` a copy of `from` cut to `length`; returns the same as truncate. */
  copy(from: number, to: number, length: number): number;
  /**
   * Keeps the window rings as they were at `length`, so that a later truncate to it resumes at once. Does nothing where
   * the rings no longer reach. At most MAX_CHECKPOINTS a slot: the oldest goes first.
   */
  checkpoint(slot: number, length: number): void;
  /** Lengths of the slot's checkpoints, ascending. */
  checkpoints(slot: number): readonly number[];
  dropCheckpoint(slot: number, length: number): void;
  /** Bytes of `save`. */
  savedBytes(slot: number, length: number): number;
  /** Writes what the slot holds of its first `length` tokens, checkpoints included. `bytes` may be shared memory. */
  save(slot: number, length: number, bytes: Uint8Array): void;
  /** Fills a slot with what `save` wrote; returns the same as truncate. Errors: invalid_request, the slot as it was. */
  restore(slot: number, bytes: Uint8Array): number;
  memory(): MemoryUse;
  close(): void;
}

export interface NativeAddon {
  /** The class of every error thrown from then on, in this thread. */
  setErrorClass(errorClass: new (options: { code: ErrorCode; message: string }) => CodexpcError): void;
  /** Errors: io_error, model_corrupt (names the field), unsupported_option, insufficient_memory. */
  openEngine(options: {
    readonly path: string;
    readonly isa: string;
    readonly numThreads: number;
    /** By default Metal where this build has it and it runs the model, else CPU. */
    readonly backend?: 'auto' | 'cpu' | 'metal';
    /** By default "stored"; "q8": converted in pageIn, at the latest with the first forward pass. */
    readonly denseWeights?: 'stored' | 'q8';
  }): NativeEngine;
  createSampler(options: SamplerOptions, vocabSize: number): NativeSampler;
  topLogprobs(logits: Float32Array, n: number): readonly TokenLogprob[];
  kernelTables(): ReadonlyArray<{ readonly name: string; readonly supported: boolean }>;
  /**
   * What the C library keeps of memory that was freed, by any thread, goes back to the system: some milliseconds. Returns
   * the bytes that remain allocated; 0 where that is not known.
   */
  returnFreeMemory(): number;
}
