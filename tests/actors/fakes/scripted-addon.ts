// An engine without a model: it answers what the last user message of its slot tells it to, one byte a token. Because
// the answer is read from what the slot holds, tokens that are fed wrongly come out as a wrong answer.
//
//   say TEXT          answers TEXT           think A | B       reasons A, answers B
//   count N           answers N letters x    call NAME ARGS    calls a function, then repeats its output
//   again NAME ARGS   calls a function whatever it says       python CODE       calls python, then repeats its output
//   bare NAME ARGS    a malformed call of a function          both A B          calls two functions in one turn

import type {
  BatchItem,
  ContextOptions,
  MemoryUse,
  ModelConfig,
  NativeAddon,
  NativeContext,
  NativeEngine,
  NativeSampler,
  Sampled,
  StepSample,
} from '../../../src/actors/engine-addon.js';
import { O200K_PATTERN } from '../../../src/harmony/split-o200k.js';
import { CodexpcError } from '../../../src/errors.js';

export interface ScriptedOptions {
  /** Time of one step, spent sleeping. */
  readonly stepMs?: number;
  readonly onStep?: (items: readonly BatchItem[]) => void;
  /** Time of one part of a prompt step; by default they take the time of a step together. */
  readonly partMs?: number;
  /** A prompt step has begun (0), or its nth part is computed, from 1. */
  readonly onPart?: (item: BatchItem, numDone: number) => void;
  /** Replaces what is sampled as the nth token, from 1. */
  readonly onSample?: (sampled: Sampled, numSampled: number) => Sampled;
  readonly weightsBytes?: number;
  /** How many slices the checkpoint is paged in by, and the time of one, spent sleeping. */
  readonly numSlices?: number;
  readonly sliceMs?: number;
  /** A sampling temperature that this engine does not support. */
  readonly refusedTemperature?: number;
}

const SPECIAL = ['start', 'end', 'message', 'channel', 'constrain', 'return', 'call', 'endoftext'] as const;
export const SPECIAL_TOKENS: Readonly<Record<string, number>> = Object.fromEntries(
  SPECIAL.map((name, index) => [name, 256 + index]),
);
const VOCAB_SIZE = 256 + SPECIAL.length;
const WINDOW = 128;
/** Of a prompt step. */
export const NUM_PARTS = 4;

const CONFIG: ModelConfig = {
  contextLength: 4096,
  numHiddenLayers: 2,
  numExperts: 4,
  expertsPerToken: 2,
  hiddenSize: 64,
  intermediateSize: 64,
  headDim: 64,
  numAttentionHeads: 8,
  numKeyValueHeads: 1,
  slidingWindow: WINDOW,
  vocabSize: VOCAB_SIZE,
};

export const createScriptedAddon = (options: ScriptedOptions = {}): NativeAddon => ({
  setErrorClass: () => {},
  openEngine: () => createEngine(options),
  createSampler: ({ temperature }): NativeSampler => {
    if (temperature === options.refusedTemperature) {
      throw new CodexpcError({ code: 'unsupported_option', message: `temperature ${temperature}` });
    }
    return { accept: () => {}, setMask: () => {}, close: () => {} };
  },
  topLogprobs: () => [],
  kernelTables: () => [{ name: 'scripted', supported: true }],
  returnFreeMemory: () => 0,
});

const memoryOf = ({ numSlots, contextLength }: ContextOptions, weightsBytes: number): MemoryUse => ({
  weightsBytes,
  kvBytes: numSlots * contextLength * 64,
  kvBytesPerToken: 64,
  windowBytes: WINDOW * 64,
  scratchBytes: 4096,
});

const createEngine = (options: ScriptedOptions): NativeEngine => {
  const weightsBytes = options.weightsBytes ?? 1024;
  return {
    backend: 'scripted',
    kernels: 'scripted',
    numThreads: 1,
    format: 'scripted',
    config: CONFIG,
    capabilities: {
      logits: true,
      parallelSequences: true,
      prefixReuse: true,
      snapshots: true,
      drafts: true,
      promptSteps: true,
      mapsWeights: true,
    },
    weightsBytes,
    fileBytes: options.numSlices ?? 1,
    pageIn: (offset) => {
      sleep(options.sliceMs ?? 0);
      return offset + 1;
    },
    tokenizer: () => ({
      pattern: O200K_PATTERN,
      offsets: Uint32Array.from({ length: 257 }, (_, index) => index),
      bytes: Uint8Array.from({ length: 256 }, (_, index) => index),
      specialTokens: SPECIAL_TOKENS,
    }),
    predict: (contextOptions) => memoryOf(contextOptions, weightsBytes),
    createContext: (contextOptions) => createContext(contextOptions, options),
    close: () => {},
  };
};

interface Slot {
  tokens: number[];
  checkpoints: number[];
}

const createContext = (contextOptions: ContextOptions, options: ScriptedOptions): NativeContext => {
  const slots: Slot[] = Array.from({ length: contextOptions.numSlots }, () => ({
    tokens: [],
    checkpoints: [],
  }));
  let numSampled = 0;

  /** As the real engine: the rings reach back a window from the end, else only a checkpoint helps. */
  const resumeFrom = ({ tokens, checkpoints }: Slot, length: number): number => {
    if (length >= tokens.length) return tokens.length;
    if (tokens.length - length <= (contextOptions.maxDraftTokens ?? 0)) return length;
    return Math.max(0, ...checkpoints.filter((position) => position <= length));
  };

  const cut = (slot: Slot, length: number): number => {
    const from = resumeFrom(slot, length);
    slot.tokens = slot.tokens.slice(0, from);
    slot.checkpoints = slot.checkpoints.filter((position) => position <= from);
    return from;
  };

  const feed = ({ slot, tokens, sampler, topLogprobs, numDrafts = 0 }: BatchItem): StepSample | null => {
    const { tokens: held } = slots[slot]!;
    if (tokens.length === 0) throw new Error('an empty item');
    held.push(...tokens);
    if (held.length > contextOptions.contextLength) {
      throw new CodexpcError({ code: 'context_overflow', message: `slot ${slot} is full` });
    }
    if (sampler === null) return null;
    const drawn: Sampled[] = [];
    for (let numLeft = numDrafts; numLeft >= 0; numLeft -= 1) {
      const token = nextToken(held.slice(0, held.length - numLeft));
      const sampled = { token, logprob: -0.5, top: topLogprobs > 0 ? [{ token, logprob: -0.5 }] : [] };
      numSampled += 1;
      drawn.push(options.onSample?.(sampled, numSampled) ?? sampled);
      if (drawn.at(-1)!.token !== held[held.length - numLeft]) break;
    }
    return { ...drawn[0]!, further: drawn.slice(1) };
  };

  let paused: { readonly item: BatchItem; numDone: number } | null = null;
  /** As the real engine: a slot whose prompt step is under way is not changed. */
  const changeable = (slot: number): number => {
    if (paused?.item.slot === slot) throw new Error(`a prompt step of slot ${slot} is under way`);
    return slot;
  };

  return {
    step: (items) => {
      options.onStep?.(items);
      sleep(options.stepMs ?? 0);
      const numTokens = items.reduce((sum, { tokens }) => sum + tokens.length, 0);
      if (numTokens > contextOptions.maxBatchTokens) throw new Error(`${numTokens} tokens in one step`);
      items.forEach(({ slot }) => changeable(slot));
      return items.map(feed);
    },
    beginPromptStep: (item) => {
      changeable(item.slot);
      if (paused !== null || item.numDrafts !== undefined) throw new Error('no prompt step can begin');
      if (item.tokens.length > (contextOptions.maxPromptBatchTokens ?? 0)) throw new Error('too many tokens');
      paused = { item: { ...item, tokens: item.tokens.slice() }, numDone: 0 };
      options.onPart?.(paused.item, 0);
    },
    continuePromptStep: () => {
      if (paused === null) throw new Error('no prompt step is under way');
      sleep(options.partMs ?? (options.stepMs ?? 0) / NUM_PARTS);
      paused.numDone += 1;
      const { item, numDone } = paused;
      options.onPart?.(item, numDone);
      if (numDone < NUM_PARTS) return { numPartsLeft: NUM_PARTS - numDone, sampled: null };
      paused = null;
      return { numPartsLeft: 0, sampled: feed(item) };
    },
    abandonPromptStep: () => {
      paused = null;
    },
    logits: () => new Float32Array(VOCAB_SIZE),
    length: (slot) => slots[slot]!.tokens.length,
    truncate: (slot, length) => cut(slots[changeable(slot)]!, length),
    copy: (from, to, length) => {
      slots[changeable(to)] = {
        tokens: [...slots[from]!.tokens],
        checkpoints: [...slots[from]!.checkpoints],
      };
      return cut(slots[to]!, length);
    },
    checkpoint: (slot, length) => {
      const { tokens, checkpoints } = slots[slot]!;
      if (length <= tokens.length && !checkpoints.includes(length)) checkpoints.push(length);
      checkpoints.sort((left, right) => left - right);
    },
    checkpoints: (slot) => slots[slot]!.checkpoints,
    dropCheckpoint: (slot, length) => {
      slots[slot]!.checkpoints = slots[slot]!.checkpoints.filter((position) => position !== length);
    },
    savedBytes: (slot, length) => saved(slots[slot]!, length).length,
    save: (slot, length, bytes) => bytes.set(saved(slots[slot]!, length)),
    restore: (slot, bytes) => {
      const restored = JSON.parse(Buffer.from(bytes).toString()) as Slot;
      slots[changeable(slot)] = restored;
      return cut(restored, restored.tokens.length);
    },
    memory: () => memoryOf(contextOptions, options.weightsBytes ?? 1024),
    close: () => {},
  };
};

const saved = ({ tokens, checkpoints }: Slot, length: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      tokens: tokens.slice(0, length),
      checkpoints: checkpoints.filter((position) => position <= length),
    } satisfies Slot),
  );

/** Messages of a slot as text, the last one being written. */
const textOf = (tokens: readonly number[]): string => {
  let bytes: number[] = [];
  let text = '';
  const flush = (): void => {
    text += Buffer.from(bytes).toString('utf8');
    bytes = [];
  };
  for (const token of tokens) {
    if (token < 256) bytes.push(token);
    else {
      flush();
      text += `<|${SPECIAL[token - 256]}|>`;
    }
  }
  flush();
  return text;
};

const tokensOf = (text: string): number[] =>
  text.split(/(<\|[a-z]+\|>)/).flatMap((part) => {
    const special = /^<\|([a-z]+)\|>$/.exec(part)?.[1];
    return special === undefined ? [...Buffer.from(part)] : [SPECIAL_TOKENS[special]!];
  });

const HEADER = [SPECIAL_TOKENS['start']!, ...Buffer.from('assistant')];

const nextToken = (held: readonly number[]): number => {
  // The header that the prompt opened, not one that the answer itself opens after its reasoning.
  let header = lastIndexOf(held, HEADER);
  while (isAssistants(messagesOf(held.slice(0, header)).at(-1)))
    header = lastIndexOf(held.slice(0, header), HEADER);
  const headerEnd = header + HEADER.length;
  const answer = tokensOf(answerTo(messagesOf(held.slice(0, header))));
  const numWritten = held.length - headerEnd;
  return answer[numWritten] ?? SPECIAL_TOKENS['return']!;
};

const lastIndexOf = (tokens: readonly number[], part: readonly number[]): number => {
  for (let at = tokens.length - part.length; at >= 0; at--) {
    if (part.every((token, index) => tokens[at + index] === token)) return at;
  }
  return -part.length;
};

interface ScriptMessage {
  readonly role: string;
  readonly channel: string;
  readonly text: string;
}

const isAssistants = (message: ScriptMessage | undefined): boolean =>
  message?.role.startsWith('assistant') === true;

const messagesOf = (tokens: readonly number[]): readonly ScriptMessage[] =>
  [
    ...textOf(tokens).matchAll(
      /<\|start\|>([^<]*)(?:<\|channel\|>([^<]*)(?:<\|constrain\|>[^<]*)?)?<\|message\|>([^]*?)<\|(?:end|call)\|>/g,
    ),
  ].map(([, role = '', channel = '', text = '']) => ({ role, channel, text }));

const answerTo = (messages: readonly ScriptMessage[]): string => {
  const { role = '', text = '' } = messages.at(-1) ?? {};
  const final = (answer: string): string => `<|channel|>final<|message|>${answer}<|return|>`;
  const call = ([name = '', ...json]: readonly string[]): string =>
    `<|channel|>commentary to=functions.${name} <|constrain|>json<|message|>${json.join(' ')}`;
  if (role.endsWith('to=assistant')) {
    const [verb, ...rest] = messages.findLast((message) => message.role === 'user')?.text.split(' ') ?? [];
    return verb === 'again' ? `${call(rest)}<|call|>` : final(`got ${text}`);
  }
  const [verb, ...rest] = text.split(' ');
  const argument = rest.join(' ');
  switch (verb) {
    case 'say':
      return final(argument);
    case 'count':
      return final('x'.repeat(Number(argument)));
    case 'think': {
      const [thought = '', answer = ''] = argument.split(' | ');
      return `<|channel|>analysis<|message|>${thought}<|end|><|start|>assistant${final(answer)}`;
    }
    case 'call':
    case 'again':
      return `${call(rest)}<|call|>`;
    case 'both':
      return `${call([rest[0]!, '{}'])}<|end|><|start|>assistant${call([rest[1]!, '{}'])}<|call|>`;
    case 'bare': {
      const [name = '', ...json] = rest;
      return `<|channel|>commentary ${name} <|constrain|>json<|message|>${json.join(' ')}<|call|>`;
    }
    case 'python':
      return `<|channel|>analysis to=python code<|message|>${argument}<|call|>`;
    default:
      return final(`${messages.length} messages`);
  }
};

const sleep = (ms: number): void => {
  if (ms > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};
