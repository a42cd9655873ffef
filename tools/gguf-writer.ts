// A model.bin as GGUF, for llama.cpp and for comparing with it: the same weights under other names. Streaming: the
// source is read once, in order, and every tensor is written in its place as it comes by.
//
// What changes on the way (model.bin is written by gpt_oss/metal/scripts/create-local-model.py of openai/gpt-oss): Q and
// K rows leave the order in which RoPE turns neighbours, and lose the softmax scale that model.bin folds into them;
// experts' gate and linear rows are apart; MXFP4 blocks hold their halves in the low and high nibbles; scales lose the
// 14 that model.bin adds.

import { closeSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { ggufHeader, type GgufTensor, type GgufType, tensorBytes } from './gguf-header.js';
import { readModelHeader, type ModelHeader } from './model-header.js';
import { PieceReader } from './piece-reader.js';
import { bf16ToF32, f32ToBf16, f32ToQ8 } from './number-formats.js';

export type DenseType = 'Q8_0' | 'BF16' | 'F32';

/** Writes `path` beside it and renames it. The number of bytes. Errors: what `pieces` throws, and a source that is no model.bin. */
export const writeGguf = (pieces: Iterable<Uint8Array>, path: string, dense: DenseType): number => {
  const reader = new PieceReader(pieces);
  const header = readModelHeader(reader);
  const tensors = planTensors(header, dense);
  const { bytes, places, fileBytes } = ggufHeader(header, [...tensors.values()]);
  const partial = `${path}.partial`;
  const file = openSync(partial, 'w');
  try {
    writeSync(file, bytes, 0, bytes.length, 0);
    const write: WriteRows = (name, firstValue, values) => {
      const tensor = tensors.get(name)!;
      const encoded = encode(values, tensor.type);
      const offset = places.get(name)! + tensorBytes(tensor.type, firstValue);
      writeSync(file, encoded, 0, encoded.length, offset);
    };
    const writeBytes: WriteBytes = (name, offset, data) =>
      void writeSync(file, data, 0, data.length, places.get(name)! + offset);
    copyDense(reader, header, write);
    copyExperts(reader, header, write, writeBytes);
    ftruncateSync(file, fileBytes); // the last tensor's padding
  } catch (error) {
    closeSync(file);
    rmSync(partial, { force: true });
    throw error;
  }
  closeSync(file);
  renameSync(partial, path);
  return fileBytes;
};

/** Values of a tensor from its value `firstValue` on. */
type WriteRows = (name: string, firstValue: number, values: Float32Array) => void;
type WriteBytes = (name: string, offset: number, bytes: Uint8Array) => void;

const planTensors = (
  { config, vocabSize }: ModelHeader,
  dense: DenseType,
): ReadonlyMap<string, GgufTensor> => {
  const { hiddenSize, intermediateSize, headDim, numExperts } = config;
  const qSize = config.numAttentionHeads * headDim;
  const kvSize = config.numKeyValueHeads * headDim;
  const tensors = new Map<string, GgufTensor>();
  const add = (name: string, type: GgufType, ...shape: readonly number[]): void =>
    void tensors.set(name, { name, type, shape });
  // Rows that are no whole blocks of Q8_0 stay exact.
  const matrix = (name: string, rows: number, cols: number): void =>
    add(name, dense === 'Q8_0' && cols % 32 !== 0 ? 'BF16' : dense, rows, cols);
  matrix('token_embd.weight', vocabSize, hiddenSize);
  for (let layer = 0; layer < config.numHiddenLayers; layer += 1) {
    const block = `blk.${layer}.`;
    add(`${block}attn_norm.weight`, 'F32', hiddenSize);
    for (const [part, rows] of [
      ['q', qSize],
      ['k', kvSize],
      ['v', kvSize],
    ] as const) {
      matrix(`${block}attn_${part}.weight`, rows, hiddenSize);
      add(`${block}attn_${part}.bias`, 'F32', rows);
    }
    add(`${block}attn_sinks.weight`, 'F32', config.numAttentionHeads);
    matrix(`${block}attn_output.weight`, hiddenSize, qSize);
    add(`${block}attn_output.bias`, 'F32', hiddenSize);
    add(`${block}post_attention_norm.weight`, 'F32', hiddenSize);
    add(`${block}ffn_gate_inp.weight`, 'F32', numExperts, hiddenSize);
    add(`${block}ffn_gate_inp.bias`, 'F32', numExperts);
    for (const [part, rows, cols] of [
      ['gate', intermediateSize, hiddenSize],
      ['up', intermediateSize, hiddenSize],
      ['down', hiddenSize, intermediateSize],
    ] as const) {
      add(`${block}ffn_${part}_exps.weight`, 'MXFP4', numExperts, rows, cols);
      add(`${block}ffn_${part}_exps.bias`, 'F32', numExperts, rows);
    }
  }
  add('output_norm.weight', 'F32', hiddenSize);
  matrix('output.weight', vocabSize, hiddenSize);
  return tensors;
};

const copyDense = (reader: PieceReader, { config, vocabSize }: ModelHeader, write: WriteRows): void => {
  const { hiddenSize, headDim, numAttentionHeads, numKeyValueHeads, numExperts } = config;
  const vector = (name: string, size: number): void => write(name, 0, bf16ToF32(reader.tensor(2 * size)));
  const matrix = (name: string, rows: number, cols: number): void => {
    const rowsAtOnce = Math.max(1, Math.floor(ROWS_BYTES / (2 * cols)));
    reader.align(16);
    for (let row = 0; row < rows; row += rowsAtOnce) {
      const count = Math.min(rowsAtOnce, rows - row);
      write(name, row * cols, bf16ToF32(reader.take(2 * count * cols)));
    }
  };
  /** Heads of Q or K as trained: what RoPE turns together is half a head apart. */
  const heads = (name: string, numHeads: number, cols: number, factor: number): void => {
    for (let head = 0; head < numHeads; head += 1) {
      const rows = bf16ToF32(reader.take(2 * headDim * cols));
      const turned = new Float32Array(rows.length);
      for (let row = 0; row < headDim; row += 1) {
        const to = (row >> 1) + (row % 2) * (headDim / 2);
        for (let col = 0; col < cols; col += 1) turned[to * cols + col] = rows[row * cols + col]! * factor;
      }
      write(name, head * headDim * cols, turned);
    }
  };
  const { q, k } = unfoldedScale(headDim);
  matrix('token_embd.weight', vocabSize, hiddenSize);
  for (let layer = 0; layer < config.numHiddenLayers; layer += 1) {
    const block = `blk.${layer}.`;
    vector(`${block}attn_norm.weight`, hiddenSize);
    for (const [kind, cols] of [
      ['weight', hiddenSize],
      ['bias', 1],
    ] as const) {
      reader.align(16);
      heads(`${block}attn_q.${kind}`, numAttentionHeads, cols, q);
      heads(`${block}attn_k.${kind}`, numKeyValueHeads, cols, k);
      write(`${block}attn_v.${kind}`, 0, bf16ToF32(reader.take(2 * numKeyValueHeads * headDim * cols)));
    }
    vector(`${block}attn_sinks.weight`, numAttentionHeads);
    matrix(`${block}attn_output.weight`, hiddenSize, numAttentionHeads * headDim);
    vector(`${block}attn_output.bias`, hiddenSize);
    vector(`${block}post_attention_norm.weight`, hiddenSize);
    matrix(`${block}ffn_gate_inp.weight`, numExperts, hiddenSize);
    vector(`${block}ffn_gate_inp.bias`, numExperts);
  }
  vector('output_norm.weight', hiddenSize);
  matrix('output.weight', vocabSize, hiddenSize);
};

/** The softmax scale 1 / √head_dim is in model.bin's Q and K; powers of two, and so exact, where that is possible. */
const unfoldedScale = (headDim: number): { readonly q: number; readonly k: number } => {
  const exponent = Math.log2(headDim) / 2;
  if (!Number.isInteger(exponent)) return { q: Math.sqrt(headDim), k: 1 };
  return { q: 2 ** Math.floor(exponent / 2), k: 2 ** Math.ceil(exponent / 2) };
};

const copyExperts = (
  reader: PieceReader,
  { config }: ModelHeader,
  write: WriteRows,
  writeBytes: WriteBytes,
): void => {
  const { hiddenSize, intermediateSize, numExperts } = config;
  for (let layer = 0; layer < config.numHiddenLayers; layer += 1) {
    reader.align(16_384);
    const block = `blk.${layer}.`;
    for (let expert = 0; expert < numExperts; expert += 1) {
      const matrix = (name: string, view: Mf4Rows, firstRow: number, step: number, rows: number): void => {
        const bytes = mf4Halves(view, firstRow, step, rows);
        writeBytes(`${block}${name}.weight`, expert * bytes.length, bytes);
      };
      const up = readMf4(reader, 2 * intermediateSize, hiddenSize);
      matrix('ffn_gate_exps', up, 0, 2, intermediateSize);
      matrix('ffn_up_exps', up, 1, 2, intermediateSize);
      const bias = bf16ToF32(reader.tensor(4 * intermediateSize));
      const apart = (first: number): Float32Array => bias.filter((_, row) => row % 2 === first);
      write(`${block}ffn_gate_exps.bias`, expert * intermediateSize, apart(0));
      write(`${block}ffn_up_exps.bias`, expert * intermediateSize, apart(1));
      matrix('ffn_down_exps', readMf4(reader, hiddenSize, intermediateSize), 0, 1, hiddenSize);
      write(`${block}ffn_down_exps.bias`, expert * hiddenSize, bf16ToF32(reader.tensor(2 * hiddenSize)));
      reader.align(16);
    }
  }
};

interface Mf4Rows {
  readonly blocks: Uint8Array; // (rows, blocksPerRow, 16)
  readonly scales: Uint8Array; // (rows, blocksPerRow)
  readonly blocksPerRow: number;
}

const readMf4 = (reader: PieceReader, rows: number, cols: number): Mf4Rows => {
  const blocks = reader.tensor((rows * cols) / 2);
  return { blocks, scales: reader.tensor((rows * cols) / 32), blocksPerRow: cols / 32 };
};

const SCALE_SHIFT = 14;

/** Every `step`-th row from `firstRow` on, as ggml's blocks: the scale, then values i and i + 16 in byte i. */
const mf4Halves = (
  { blocks, scales, blocksPerRow }: Mf4Rows,
  firstRow: number,
  step: number,
  rows: number,
): Uint8Array => {
  const out = new Uint8Array(rows * blocksPerRow * 17);
  let to = 0;
  for (let row = 0; row < rows; row += 1) {
    const first = (firstRow + row * step) * blocksPerRow;
    for (let block = first; block < first + blocksPerRow; block += 1) {
      const scale = scales[block]!;
      if (scale < SCALE_SHIFT)
        throw new Error(`the scale byte ${scale} of an expert is below ${SCALE_SHIFT}`);
      out[to] = scale - SCALE_SHIFT;
      for (let i = 0; i < 8; i += 1) {
        const low = blocks[16 * block + i]!;
        const high = blocks[16 * block + 8 + i]!;
        out[to + 1 + 2 * i] = (low & 15) | ((high & 15) << 4);
        out[to + 2 + 2 * i] = (low >> 4) | (high & 0xf0);
      }
      to += 17;
    }
  }
  return out;
};

const ROWS_BYTES = 4 * 1024 * 1024;

const encode = (values: Float32Array, type: GgufType): Uint8Array => {
  switch (type) {
    case 'F32':
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    case 'BF16':
      return f32ToBf16(values);
    case 'Q8_0':
      return f32ToQ8(values);
    case 'MXFP4':
      throw new Error('experts are copied as they are');
  }
};
