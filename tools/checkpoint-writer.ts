// Seeded random model.bin files of any shape, in pieces, so that a 14 GB one needs no memory.
// The values are for speed, memory and checking arithmetic, not for text: activations stay near 1, some experts reach
// the SwiGLU limits, and the logits are spread out. tests/engine-native/test-checkpoint.cc writes the same bytes.

/** Sizes in the terms of config.json. */
export interface CheckpointShape {
  readonly contextLength: number;
  readonly numHiddenLayers: number;
  readonly numExperts: number;
  readonly expertsPerToken: number;
  readonly hiddenSize: number; // a multiple of 32
  readonly intermediateSize: number; // a multiple of 32
  readonly headDim: number; // even
  readonly numAttentionHeads: number; // a multiple of numKeyValueHeads
  readonly numKeyValueHeads: number;
  readonly slidingWindow: number;
  readonly numTextTokens: number; // 256 bytes, then merges
  readonly numSpecialTokens: number; // the first of the published file's 16, then reserved ones
}

const GPT_OSS_20B: CheckpointShape = {
  contextLength: 131_072,
  numHiddenLayers: 24,
  numExperts: 32,
  expertsPerToken: 4,
  hiddenSize: 2880,
  intermediateSize: 2880,
  headDim: 64,
  numAttentionHeads: 64,
  numKeyValueHeads: 8,
  slidingWindow: 128,
  numTextTokens: 199_998,
  numSpecialTokens: 16,
};

export const CHECKPOINT_SHAPES = {
  tiny: {
    contextLength: 4096,
    numHiddenLayers: 2,
    numExperts: 4,
    expertsPerToken: 2,
    hiddenSize: 64,
    intermediateSize: 64,
    headDim: 16,
    numAttentionHeads: 4,
    numKeyValueHeads: 2,
    slidingWindow: 16,
    numTextTokens: 304,
    numSpecialTokens: 16,
  },
  /** Legal sizes that are no powers of two. */
  odd: {
    contextLength: 4992,
    numHiddenLayers: 3,
    numExperts: 5,
    expertsPerToken: 3,
    hiddenSize: 96,
    intermediateSize: 160,
    headDim: 20,
    numAttentionHeads: 6,
    numKeyValueHeads: 2,
    slidingWindow: 37,
    numTextTokens: 347,
    numSpecialTokens: 16,
  },
  /** The published models' heads, window and router in small. */
  small: {
    contextLength: 131_072,
    numHiddenLayers: 4,
    numExperts: 32,
    expertsPerToken: 4,
    hiddenSize: 128,
    intermediateSize: 96,
    headDim: 64,
    numAttentionHeads: 8,
    numKeyValueHeads: 1,
    slidingWindow: 128,
    numTextTokens: 1000,
    numSpecialTokens: 16,
  },
  'gpt-oss-20b': GPT_OSS_20B,
  'gpt-oss-120b': { ...GPT_OSS_20B, numHiddenLayers: 36, numExperts: 128 },
} as const satisfies Record<string, CheckpointShape>;

export type CheckpointShapeName = keyof typeof CHECKPOINT_SHAPES;

/** The file, in order, in pieces of up to a few MiB. A piece is valid until the next one is asked for. */
export function* checkpointPieces(
  shape: CheckpointShape,
  seed: number,
  tokenOf: (id: number) => Uint8Array = textToken,
): Generator<Uint8Array> {
  const file = new PieceWriter(seed);
  yield* file.bytes(header(shape, tokenOf));
  yield* file.pad(16_384);
  yield* denseWeights(file, shape);
  yield* expertWeights(file, shape);
}

// --- weights ---

function* denseWeights(file: PieceWriter, shape: CheckpointShape): Generator<Uint8Array> {
  const { hiddenSize, headDim, numAttentionHeads, numExperts } = shape;
  const vocabSize = shape.numTextTokens + shape.numSpecialTokens;
  const qSize = numAttentionHeads * headDim;
  const qkvSize = qSize + 2 * shape.numKeyValueHeads * headDim;
  // Scores of unit-variance activations get a standard deviation of 1.5.
  const qkGain = Math.sqrt(1.5 / Math.sqrt(headDim));
  yield* file.uniform(vocabSize * hiddenSize, 1.75);
  for (let layer = 0; layer < shape.numHiddenLayers; layer += 1) {
    yield* file.norm(hiddenSize);
    yield* file.matrix(qkvSize, hiddenSize, qkGain);
    yield* file.uniform(qkvSize, 0.25);
    yield* file.uniform(numAttentionHeads, 2);
    yield* file.matrix(hiddenSize, qSize, 1);
    yield* file.uniform(hiddenSize, 0.25);
    yield* file.norm(hiddenSize);
    yield* file.matrix(numExperts, hiddenSize, 1.5);
    yield* file.uniform(numExperts, 0.5);
  }
  yield* file.norm(hiddenSize);
  yield* file.matrix(vocabSize, hiddenSize, 3);
}

function* expertWeights(file: PieceWriter, shape: CheckpointShape): Generator<Uint8Array> {
  const { hiddenSize, intermediateSize } = shape;
  for (let layer = 0; layer < shape.numHiddenLayers; layer += 1) {
    yield* file.pad(16_384);
    for (let expert = 0; expert < shape.numExperts; expert += 1) {
      yield* file.mf4(2 * intermediateSize, hiddenSize, 4);
      yield* file.uniform(2 * intermediateSize, 1);
      yield* file.mf4(hiddenSize, intermediateSize, 0.5);
      yield* file.uniform(hiddenSize, 0.25);
    }
  }
}

const PIECE_BYTES = 4 * 1024 * 1024;

/** Knows how far the file has come, and gives each tensor its own random stream. */
class PieceWriter {
  readonly #seed: number;
  readonly #piece = new Uint8Array(PIECE_BYTES);
  readonly #halves = new Uint16Array(this.#piece.buffer);
  readonly #words = new Uint32Array(this.#piece.buffer);
  #offset = 0;
  #stream = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  *bytes(bytes: Uint8Array): Generator<Uint8Array> {
    this.#offset += bytes.length;
    yield bytes;
  }

  *pad(alignment: number): Generator<Uint8Array> {
    const length = (alignment - (this.#offset % alignment)) % alignment;
    if (length > 0) yield* this.bytes(new Uint8Array(length));
  }

  /** `count` bf16 values, uniform within ±bound. */
  *uniform(count: number, bound: number): Generator<Uint8Array> {
    const step = bound / 2 ** 23;
    yield* this.#bf16(count, 0, step);
  }

  /** A matrix whose product with a vector of unit-variance values has standard deviation `gain`. */
  *matrix(rows: number, cols: number, gain: number): Generator<Uint8Array> {
    yield* this.uniform(rows * cols, gain * Math.sqrt(3 / cols));
  }

  /** RMSNorm gains in [0.5, 1.5). */
  *norm(count: number): Generator<Uint8Array> {
    yield* this.#bf16(count, 2 ** 24, 2 ** -24);
  }

  /** MXFP4 blocks, then scales that differ by up to 2 powers of two around what gives `gain`. */
  *mf4(rows: number, cols: number, gain: number): Generator<Uint8Array> {
    const words = this.#words;
    const nextWord = this.#nextStream();
    yield* this.#tensor(rows * (cols / 8), 4, (count) => {
      for (let i = 0; i < count; i += 1) words[i] = nextWord();
    });
    const piece = this.#piece;
    const nextScale = this.#nextStream();
    const smallest = mf4Scale(cols, gain) - 1;
    yield* this.#tensor(rows * (cols / 32), 1, (count) => {
      for (let i = 0; i < count; i += 1) piece[i] = smallest + (nextScale() % 3);
    });
  }

  *#bf16(count: number, shift: number, step: number): Generator<Uint8Array> {
    const halves = this.#halves;
    const next = this.#nextStream();
    const single = new Float32Array(1);
    const bits = new Uint32Array(single.buffer);
    yield* this.#tensor(count, 2, (length) => {
      for (let i = 0; i < length; i += 1) {
        single[0] = ((next() >>> 8) - 2 ** 23 + shift) * step;
        const word = bits[0] as number;
        halves[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
      }
    });
  }

  /** Aligns, then fills and yields the piece until `count` elements are written. */
  *#tensor(count: number, elementBytes: number, fill: (count: number) => void): Generator<Uint8Array> {
    yield* this.pad(16);
    for (let left = count; left > 0;) {
      const length = Math.min(left, PIECE_BYTES / elementBytes);
      fill(length);
      yield* this.bytes(this.#piece.subarray(0, length * elementBytes));
      left -= length;
    }
  }

  #nextStream(): () => number {
    const stream = this.#stream;
    this.#stream += 1;
    return randomWords(this.#seed, stream);
  }
}

/** The scale byte nearest below `gain`; random FP4 codes have a standard deviation of 2.93. */
const mf4Scale = (cols: number, gain: number): number => {
  let scale = 127 + 14;
  for (let reached = 2.93 * Math.sqrt(cols); reached > gain; reached /= 2) scale -= 1;
  return scale;
};

/** mulberry32: uniform unsigned 32-bit integers. */
const randomWords = (seed: number, stream: number): (() => number) => {
  let state = mix((mix(seed) + Math.imul(stream, 0x9e3779b9)) | 0);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= (t + Math.imul(t ^ (t >>> 7), t | 61)) | 0;
    return (t ^ (t >>> 14)) >>> 0;
  };
};

const mix = (word: number): number => {
  let x = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
};

// --- header ---

const RESERVED = '00000000-0000-0000-0000-000000000000';
const SPECIAL_TOKENS = [
  RESERVED,
  RESERVED,
  '07d7da55-b346-4cff-8b37-7cefacf8a3e8', // untrusted
  'f265bd9c-c717-469e-a447-920687d65d90', // end_untrusted
  'f799ff69-1992-43c4-a3d8-d831f475dc75', // return
  'c0bb14c7-6022-49da-ad08-792d67e8b470', // constrain
  RESERVED,
  'fd3dda11-c8ab-4033-876e-d93deb172c93', // channel
  '55a77c2f-8a01-4c54-8ac2-313bfc7e208d', // start
  'fcac2f6d-4705-4f6b-b228-642accac7238', // end
  '16e40431-f47f-4b22-b59b-8b278fc30a54', // message
  RESERVED,
  RESERVED,
  RESERVED,
  '1220f796-e388-4de5-b487-fe2eb5fe03c0', // call
  'e15ba702-28c4-4292-ab8f-ffa434709128', // refusal
];

const REGEX =
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|" +
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|" +
  '\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';

const header = (shape: CheckpointShape, tokenOf: (id: number) => Uint8Array): Uint8Array => {
  const regex = Buffer.from(`${REGEX}\0`);
  const tokens = Buffer.concat(
    Array.from({ length: shape.numTextTokens }, (_, id) => tokenEntry(tokenOf(id))),
  );
  const uuids = Array.from({ length: shape.numSpecialTokens }, (_, i) => uuid(SPECIAL_TOKENS[i] ?? RESERVED));
  return Buffer.concat([
    Buffer.from('GPT-OSS v1.0\0\0\0\0'),
    uuid('df52dc86-1789-4ed0-a295-66f10508145b'),
    modelHeader(shape),
    uuid('229177a8-5775-4268-bfd8-d588b351c56d'),
    uuid('7401aded-2a95-40cb-b782-9ccebaafe72b'),
    words([shape.numSpecialTokens, shape.numTextTokens, regex.length, tokens.length]),
    ...uuids,
    regex,
    tokens,
  ]);
};

const modelHeader = (shape: CheckpointShape): Uint8Array => {
  const low = 0.25289934735976255; // ln(4096 / (32 · 2π)) / ln(150000)
  const high = 0.5436882656746425; // ln(4096 / (1 · 2π)) / ln(150000)
  return Buffer.concat([
    words([shape.contextLength, shape.numHiddenLayers, shape.numExperts, shape.expertsPerToken]),
    words([shape.hiddenSize, shape.intermediateSize]),
    floats([7]), // swiglu_limit
    words([shape.headDim, shape.numAttentionHeads, shape.numKeyValueHeads, shape.slidingWindow]),
    floats([150_000, 1 / 32, -low / (high - low), 1 / ((shape.headDim / 2) * (high - low))]),
    floats([1.3465735902799727, 1e-5]), // 0.1 · ln 32 + 1, and RMSNorm's epsilon
  ]);
};

const words = (values: readonly number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);
const floats = (values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const uuid = (text: string): Uint8Array => Buffer.from(text.replaceAll('-', ''), 'hex');

const tokenEntry = (bytes: Uint8Array): Uint8Array => Buffer.concat([Buffer.from([bytes.length, 0]), bytes]);

/** The 256 bytes, then all words of two, three, … lower-case letters: each is the one before its last letter, plus it. */
const textToken = (id: number): Uint8Array => {
  if (id < 256) return Buffer.from([id]);
  let index = id - 256;
  let length = 2;
  for (let numWords = 26 ** 2; index >= numWords; numWords *= 26, length += 1) index -= numWords;
  const word = Buffer.alloc(length);
  for (let i = length - 1; i >= 0; i -= 1, index = Math.floor(index / 26)) word[i] = 97 + (index % 26);
  return word;
};
