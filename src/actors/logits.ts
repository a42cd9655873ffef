// One prompt's logits straight from an engine of its own: no daemon, no sampling settings, nothing cached.
// It is what `codexpc logits` prints, so that anyone can compare the engine with another implementation.

import { TextDecoder } from 'node:util';

import { CodexpcError } from '../errors.js';
import type { NativeAddon, NativeContext, NativeEngine, TokenizerData } from './engine-addon.js';
import { GREEDY_SAMPLING } from './greedy-sampling.js';

export interface LogitsRequest {
  readonly checkpoint: string;
  readonly tokens: readonly number[];
  readonly numTop: number;
  readonly numGreedy: number;
  readonly isa: string; // '' = the best that this CPU has
  readonly chunkTokens: number; // prompt tokens a forward step
  readonly kvType: 'f32' | 'f16' | 'q8';
  readonly precision: 'exact' | 'fast';
}

export interface TokenLogit {
  readonly token: number;
  /** Left out where the token is no text by itself. */
  readonly text?: string;
  readonly logit: number;
  readonly logprob: number;
}

export interface LogitsReport {
  readonly checkpoint: string;
  readonly kernels: string;
  readonly tokens: readonly number[];
  /** Of the position after the last token, most probable first. */
  readonly top: readonly TokenLogit[];
  /** The most probable token, then the one after it, and so on. */
  readonly greedy: readonly number[];
}

export const computeLogits = (addon: NativeAddon, request: LogitsRequest): LogitsReport => {
  const engine = addon.openEngine({
    path: request.checkpoint,
    isa: request.isa,
    numThreads: 0,
    backend: 'cpu',
  });
  try {
    checkTokens(request.tokens, engine);
    const context = openContext(engine, request);
    const logits = prefill(addon, context, request.tokens, {
      vocabSize: engine.config.vocabSize,
      chunkTokens: request.chunkTokens,
    });
    const describe = describeToken(engine);
    return {
      checkpoint: request.checkpoint,
      kernels: engine.kernels,
      tokens: request.tokens,
      top: addon.topLogprobs(logits, request.numTop).map(({ token, logprob }) => ({
        ...describe(token),
        logit: logits[token] as number,
        logprob,
      })),
      greedy: continueGreedily(addon, context, logits, request.numGreedy),
    };
  } finally {
    engine.close();
  }
};

const checkTokens = (tokens: readonly number[], { config }: NativeEngine): void => {
  if (tokens.length === 0) {
    throw new CodexpcError({
      code: 'invalid_request',
      message: 'there are no tokens: give at least one token id',
    });
  }
  const foreign = tokens.find((token) => token >= config.vocabSize);
  if (foreign !== undefined) {
    throw new CodexpcError({
      code: 'invalid_request',
      message: `token ${foreign} is not in the vocabulary: this checkpoint has the ids 0 to ${config.vocabSize - 1}`,
    });
  }
};

const openContext = (
  engine: NativeEngine,
  { tokens, numGreedy, chunkTokens, kvType, precision }: LogitsRequest,
): NativeContext => {
  const numPositions = tokens.length + Math.max(0, numGreedy - 1);
  if (numPositions > engine.config.contextLength) {
    throw new CodexpcError({
      code: 'context_overflow',
      message:
        `${tokens.length} tokens and ${numGreedy} greedy ones need ${numPositions} positions, ` +
        `the model has ${engine.config.contextLength}: give fewer`,
    });
  }
  return engine.createContext({
    numSlots: 1,
    contextLength: numPositions,
    maxBatchTokens: chunkTokens,
    kvType,
    precision,
  });
};

const prefill = (
  addon: NativeAddon,
  context: NativeContext,
  tokens: readonly number[],
  { vocabSize, chunkTokens }: { readonly vocabSize: number; readonly chunkTokens: number },
): Float32Array => {
  for (let from = 0; from < tokens.length; from += chunkTokens) {
    const chunk = Uint32Array.from(tokens.slice(from, from + chunkTokens));
    const isLast = from + chunkTokens >= tokens.length;
    const sampler = isLast ? greedySampler(addon, vocabSize) : null;
    context.step([{ slot: 0, tokens: chunk, sampler, topLogprobs: 0 }]);
  }
  return context.logits(0);
};

/** `logits` are those after the prompt; the tokens found are fed back one at a time. */
const continueGreedily = (
  addon: NativeAddon,
  context: NativeContext,
  logits: Float32Array,
  numGreedy: number,
): readonly number[] => {
  if (numGreedy === 0) return [];
  const sampler = greedySampler(addon, logits.length);
  const greedy = [largest(logits)];
  while (greedy.length < numGreedy) {
    const last = Uint32Array.of(greedy[greedy.length - 1] as number);
    const [sampled] = context.step([{ slot: 0, tokens: last, sampler, topLogprobs: 0 }]);
    if (sampled === null || sampled === undefined) {
      throw new CodexpcError({ code: 'invariant_violated', message: 'a step with a sampler gave no token' });
    }
    greedy.push(sampled.token);
  }
  return greedy;
};

export const greedySampler = (addon: NativeAddon, vocabSize: number) =>
  addon.createSampler(GREEDY_SAMPLING, vocabSize);

/** The lowest id wins a tie, as in the sampler. */
const largest = (logits: Float32Array): number =>
  logits.reduce((best, logit, token) => (logit > (logits[best] as number) ? token : best), 0);

type Describe = (token: number) => { readonly token: number; readonly text?: string };

const describeToken = (engine: NativeEngine): Describe => {
  const tokenizer = textTokenizer(engine);
  if (tokenizer === null) return (token) => ({ token });
  const special = new Map(Object.entries(tokenizer.specialTokens).map(([name, id]) => [id, `<|${name}|>`]));
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return (token) => {
    const text = special.get(token) ?? decode(utf8, tokenizer, token);
    return text === null ? { token } : { token, text };
  };
};

/** Null for a checkpoint that has no usable tokenizer: its logits are as good as any. */
const textTokenizer = (engine: NativeEngine): TokenizerData | null => {
  try {
    return engine.tokenizer();
  } catch (error) {
    if (error instanceof CodexpcError) return null;
    throw error;
  }
};

const decode = (utf8: TextDecoder, { offsets, bytes }: TokenizerData, token: number): string | null => {
  const from = offsets[token];
  const to = offsets[token + 1];
  if (from === undefined || to === undefined) return null;
  try {
    return utf8.decode(bytes.subarray(from, to));
  } catch {
    return null; // a piece of a character
  }
};
