export interface ProbeQuestion {
  readonly checkpoint: string;
  readonly isa: string;
  /** Null: as many as the engine finds best. */
  readonly threads: number | null;
  readonly denseWeights: 'stored' | 'q8';
  readonly context: {
    readonly numSlots: number;
    readonly contextLength: number;
    readonly maxBatchTokens: number;
    readonly kvType: 'f16' | 'f32' | 'q8';
    readonly maxPromptBatchTokens: number;
    readonly maxDraftTokens: number;
    readonly precision: 'exact' | 'fast';
  };
}

export interface ProbeReport {
  readonly tables: ReadonlyArray<{ readonly name: string; readonly supported: boolean }>;
  readonly model:
    | {
        readonly format: string;
        readonly kernels: string;
        readonly numThreads: number;
        readonly neededBytes: number;
      }
    | { readonly error: string };
}
