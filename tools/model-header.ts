// The header of a model.bin (engine-native/src/model/parse-checkpoint.cc has the layout): shape and vocabulary. For tools: a file of
// ours is read, so that sizes are believed; the engine's own parser is the one that trusts nothing.

import type { PieceReader } from './piece-reader.js';

export interface ModelHeader {
  readonly config: {
    readonly contextLength: number;
    readonly numHiddenLayers: number;
    readonly numExperts: number;
    readonly expertsPerToken: number;
    readonly hiddenSize: number;
    readonly intermediateSize: number;
    readonly headDim: number;
    readonly numAttentionHeads: number;
    readonly numKeyValueHeads: number;
    readonly slidingWindow: number;
  };
  readonly rope: {
    readonly theta: number;
    readonly interpolationScale: number;
    readonly yarnOffset: number;
    readonly yarnScale: number;
  };
  readonly rmsNormEps: number;
  readonly vocabSize: number;
  readonly textTokens: readonly Uint8Array[];
  /** Names like `<|start|>`, in the order of their ids, which follow the text tokens'. */
  readonly specialTokens: readonly string[];
}

const NAMES: Readonly<Record<string, string>> = {
  '55a77c2f8a014c548ac2313bfc7e208d': 'start',
  '16e40431f47f4b22b59b8b278fc30a54': 'message',
  fcac2f6d47054f6bb228642accac7238: 'end',
  f799ff69199243c4a3d8d831f475dc75: 'return',
  e15ba70228c44292ab8fffa434709128: 'refusal',
  c0bb14c7602249daad08792d67e8b470: 'constrain',
  fd3dda11c8ab4033876ed93deb172c93: 'channel',
  '1220f796e3884de5b487fe2eb5fe03c0': 'call',
  '07d7da55b3464cff8b377cefacf8a3e8': 'untrusted',
  f265bd9cc717469ea447920687d65d90: 'end_untrusted',
};

/** Reads up to the first weight. Errors: it is no model.bin. */
export const readModelHeader = (reader: PieceReader): ModelHeader => {
  if (Buffer.from(reader.take(16)).toString('latin1') !== 'GPT-OSS v1.0\0\0\0\0') {
    throw new Error('the source is not a model.bin (its magic is not "GPT-OSS v1.0")');
  }
  reader.take(16);
  const words = (count: number): Uint32Array => new Uint32Array(reader.take(4 * count).buffer);
  const floats = (count: number): Float32Array => new Float32Array(reader.take(4 * count).buffer);
  const [contextLength, numHiddenLayers, numExperts, expertsPerToken, hiddenSize, intermediateSize] =
    words(6);
  floats(1); // swiglu_limit, a constant of the architecture
  const [headDim, numAttentionHeads, numKeyValueHeads, slidingWindow] = words(4);
  const [theta, interpolationScale, yarnOffset, yarnScale, , rmsNormEps] = floats(6);
  reader.take(32); // layout and tokenizer
  const [numSpecial, numText, regexBytes, tokensBytes] = words(4) as unknown as [
    number,
    number,
    number,
    number,
  ];
  const specialTokens = Array.from({ length: numSpecial }, (_, i) =>
    specialName(Buffer.from(reader.take(16)).toString('hex'), i, numText),
  );
  reader.take(regexBytes);
  const table = reader.take(tokensBytes);
  reader.align(16_384);
  return {
    config: {
      contextLength: contextLength!,
      numHiddenLayers: numHiddenLayers!,
      numExperts: numExperts!,
      expertsPerToken: expertsPerToken!,
      hiddenSize: hiddenSize!,
      intermediateSize: intermediateSize!,
      headDim: headDim!,
      numAttentionHeads: numAttentionHeads!,
      numKeyValueHeads: numKeyValueHeads!,
      slidingWindow: slidingWindow!,
    },
    rope: {
      theta: theta!,
      interpolationScale: interpolationScale!,
      yarnOffset: yarnOffset!,
      yarnScale: yarnScale!,
    },
    rmsNormEps: rmsNormEps!,
    vocabSize: numText + numSpecial,
    textTokens: splitTokens(table, numText),
    specialTokens,
  };
};

/** The published vocabulary has these two where model.bin has nameless ones. */
const specialName = (uuid: string, index: number, numText: number): string => {
  const name = NAMES[uuid];
  if (name !== undefined) return `<|${name}|>`;
  return ['<|startoftext|>', '<|endoftext|>'][index] ?? `<|reserved_${numText + index}|>`;
};

const splitTokens = (table: Uint8Array, count: number): Uint8Array[] => {
  const tokens: Uint8Array[] = [];
  for (let at = 0; tokens.length < count;) {
    const length = table[at]! | (table[at + 1]! << 8);
    tokens.push(table.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return tokens;
};
