// The header of a GGUF file: keys, vocabulary and where its tensors lie
// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; names and keys as llama.cpp's "gpt-oss" reads them).

import type { ModelHeader } from './model-header.js';
import { vocabularyMerges } from './vocabulary-merges.js';

export type GgufType = 'F32' | 'BF16' | 'Q8_0' | 'MXFP4';

export interface GgufTensor {
  readonly name: string;
  readonly type: GgufType;
  /** Slowest first, as everywhere here; the file has them the other way round. */
  readonly shape: readonly number[];
}

const TYPES = {
  F32: { id: 0, values: 1, bytes: 4 },
  BF16: { id: 30, values: 1, bytes: 2 },
  Q8_0: { id: 8, values: 32, bytes: 34 },
  MXFP4: { id: 39, values: 32, bytes: 17 },
} as const;

const ALIGNMENT = 32;

export const tensorBytes = (type: GgufType, numValues: number): number =>
  (numValues / TYPES[type].values) * TYPES[type].bytes;

export interface GgufHeader {
  readonly bytes: Uint8Array;
  /** Offset in the file, by tensor. */
  readonly places: ReadonlyMap<string, number>;
  readonly fileBytes: number;
}

export const ggufHeader = (model: ModelHeader, tensors: readonly GgufTensor[]): GgufHeader => {
  const keys = [...describe(model), ...vocabulary(model)];
  let dataBytes = 0;
  const infos = tensors.map(({ name, type, shape }) => {
    const offset = dataBytes;
    const numValues = shape.reduce((product, size) => product * size, 1);
    dataBytes = roundUp(offset + tensorBytes(type, numValues), ALIGNMENT);
    const dimensions = [...shape].reverse().map(u64);
    return {
      name,
      offset,
      bytes: [string(name), u32(shape.length), ...dimensions, u32(TYPES[type].id), u64(offset)],
    };
  });
  const written = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(tensors.length),
    u64(keys.length),
    ...keys.flat(),
    ...infos.flatMap(({ bytes }) => bytes),
  ]);
  const begin = roundUp(written.length, ALIGNMENT);
  return {
    bytes: Buffer.concat([written, Buffer.alloc(begin - written.length)]),
    places: new Map(infos.map(({ name, offset }) => [name, begin + offset])),
    fileBytes: begin + dataBytes,
  };
};

const describe = ({ config, rope, rmsNormEps }: ModelHeader): Buffer[][] => {
  const arch = 'gpt-oss';
  const size = (name: string, value: number): Buffer[] => keyU32(`${arch}.${name}`, value);
  return [
    keyString('general.architecture', arch),
    keyString('general.name', 'made by codexpc make:checkpoint'),
    keyU32('general.alignment', ALIGNMENT),
    size('block_count', config.numHiddenLayers),
    size('context_length', config.contextLength),
    size('embedding_length', config.hiddenSize),
    size('feed_forward_length', config.intermediateSize),
    size('expert_feed_forward_length', config.intermediateSize),
    size('attention.head_count', config.numAttentionHeads),
    size('attention.head_count_kv', config.numKeyValueHeads),
    size('attention.key_length', config.headDim),
    size('attention.value_length', config.headDim),
    size('attention.sliding_window', config.slidingWindow),
    size('rope.dimension_count', config.headDim),
    size('expert_count', config.numExperts),
    size('expert_used_count', config.expertsPerToken),
    keyF32(`${arch}.attention.layer_norm_rms_epsilon`, rmsNormEps),
    keyF32(`${arch}.rope.freq_base`, rope.theta),
    keyString(`${arch}.rope.scaling.type`, 'yarn'),
    keyF32(`${arch}.rope.scaling.factor`, 1 / rope.interpolationScale),
    size('rope.scaling.original_context_length', originalContext(config.headDim, rope)),
  ];
};

/** GGUF has the length that YaRN's ramp was computed from; model.bin has the ramp (engine-native/src/model/yarn.cc). */
const originalContext = (headDim: number, { theta, yarnOffset, yarnScale }: ModelHeader['rope']): number => {
  const low = -yarnOffset / yarnScale; // the pair that turns 32 times in that length
  const exact = 32 * 2 * Math.PI * theta ** ((2 * low) / headDim);
  const whole = Math.round(exact);
  if (Math.abs(exact - whole) > 0.001 * whole)
    throw new Error(`the model's YaRN ramp fits no context length (${exact})`);
  return whole;
};

const vocabulary = ({ textTokens, specialTokens }: ModelHeader): Buffer[][] => {
  const first = textTokens.length;
  const id = (name: string): number => first + Math.max(0, specialTokens.indexOf(name));
  const types = new Int32Array(first + specialTokens.length).fill(TEXT, 0, first).fill(CONTROL, first);
  return [
    keyString('tokenizer.ggml.model', 'gpt2'),
    keyString('tokenizer.ggml.pre', 'gpt-4o'),
    keyStrings('tokenizer.ggml.tokens', [...textTokens.map(spell), ...specialTokens]),
    [
      string('tokenizer.ggml.token_type'),
      u32(KINDS.array),
      u32(KINDS.i32),
      u64(types.length),
      Buffer.from(types.buffer),
    ],
    keyStrings(
      'tokenizer.ggml.merges',
      vocabularyMerges(textTokens).map(([left, right]) => `${spell(left)} ${spell(right)}`),
    ),
    keyU32('tokenizer.ggml.bos_token_id', id('<|startoftext|>')),
    keyU32('tokenizer.ggml.eos_token_id', id('<|return|>')),
    keyU32('tokenizer.ggml.padding_token_id', id('<|endoftext|>')),
  ];
};

const TEXT = 1;
const CONTROL = 3;

/** Each byte as one character, as GPT-2's encoder spells them (engine-native/src/model/byte-level.h). */
const CHARACTERS = ((): readonly string[] => {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const isItself = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCodePoint(isItself ? byte : next++);
  });
})();

const spell = (token: Uint8Array): string => Array.from(token, (byte) => CHARACTERS[byte]).join('');

const KINDS = { u32: 4, i32: 5, f32: 6, string: 8, array: 9 } as const;

const roundUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment;
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const string = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([u64(bytes.length), bytes]);
};
const keyString = (key: string, value: string): Buffer[] => [string(key), u32(KINDS.string), string(value)];
const keyU32 = (key: string, value: number): Buffer[] => [string(key), u32(KINDS.u32), u32(value)];
const keyF32 = (key: string, value: number): Buffer[] => {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return [string(key), u32(KINDS.f32), bytes];
};
const keyStrings = (key: string, values: readonly string[]): Buffer[] => [
  string(key),
  u32(KINDS.array),
  u32(KINDS.string),
  u64(values.length),
  ...values.map(string),
];
