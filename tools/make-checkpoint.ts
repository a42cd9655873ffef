// npm run make:checkpoint -- --shape gpt-oss-20b --seed 1 --out FILE
// Writes a random-weight checkpoint, as model.bin or as GGUF, or a model.bin as GGUF. A random one is for measuring speed and memory and for checking arithmetic: it says nothing.

import { closeSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  CHECKPOINT_SHAPES,
  checkpointPieces,
  type CheckpointShape,
  type CheckpointShapeName,
} from './checkpoint-writer.js';
import { type DenseType, writeGguf } from './gguf-writer.js';
import { o200kTokens } from './o200k-tokens.js';

const positiveInteger = (text: string): number => {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number from 1.');
  return value;
};

const seedNumber = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new InvalidArgumentError('expected a whole number from 0 to 4294967295.');
  }
  return value;
};

/** Flags that change one size of the shape. */
const SIZE_FLAGS = {
  'context-length': 'contextLength',
  layers: 'numHiddenLayers',
  experts: 'numExperts',
  'experts-per-token': 'expertsPerToken',
  'hidden-size': 'hiddenSize',
  'intermediate-size': 'intermediateSize',
  'head-dim': 'headDim',
  heads: 'numAttentionHeads',
  'kv-heads': 'numKeyValueHeads',
  window: 'slidingWindow',
  'text-tokens': 'numTextTokens',
  'special-tokens': 'numSpecialTokens',
} as const satisfies Record<string, keyof CheckpointShape>;

const problemWith = (shape: CheckpointShape): string | null => {
  if (shape.hiddenSize % 32 !== 0) return '--hidden-size has to be a multiple of 32';
  if (shape.intermediateSize % 32 !== 0) return '--intermediate-size has to be a multiple of 32';
  if (shape.headDim % 2 !== 0) return '--head-dim has to be even';
  if (shape.numAttentionHeads % shape.numKeyValueHeads !== 0)
    return '--heads has to be a multiple of --kv-heads';
  if (shape.expertsPerToken > shape.numExperts) return '--experts-per-token has to be at most --experts';
  return null;
};

/** Written beside the target and renamed, so that no engine ever maps half a file. */
const writeFile = (path: string, pieces: Iterable<Uint8Array>): number => {
  const partial = `${path}.partial`;
  const file = openSync(partial, 'w');
  let numBytes = 0;
  try {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) at += writeSync(file, piece, at);
      numBytes += piece.length;
    }
  } catch (error) {
    closeSync(file);
    rmSync(partial, { force: true });
    throw error;
  }
  closeSync(file);
  renameSync(partial, path);
  return numBytes;
};

/** The published vocabulary where a shape has room for it. */
const vocabularyOf = (shape: CheckpointShape): ((id: number) => Uint8Array) | undefined => {
  if (shape.numTextTokens !== CHECKPOINT_SHAPES['gpt-oss-20b'].numTextTokens) return undefined;
  const tokens = o200kTokens();
  return (id) => tokens[id]!;
};

function* filePieces(path: string): Generator<Uint8Array> {
  const file = openSync(path, 'r');
  try {
    const piece = new Uint8Array(4 * 1024 * 1024);
    for (let length = 1; length > 0;) {
      length = readSync(file, piece);
      yield piece.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

const command = new Command('make-checkpoint')
  .description(
    'Writes a random-weight checkpoint, as model.bin or GGUF: for speed, memory and checking arithmetic, not for text.',
  )
  .addOption(
    new Option('--shape <name>', 'which sizes').choices(Object.keys(CHECKPOINT_SHAPES)).default('tiny'),
  )
  .addOption(new Option('--seed <n>', 'same seed, same file').argParser(seedNumber).default(1))
  .requiredOption('--out <file>', 'where to write')
  .addOption(
    new Option('--format <format>', 'by default what --out ends in: .gguf, else model.bin').choices([
      'model.bin',
      'gguf',
    ]),
  )
  .addOption(
    new Option(
      '--dense <type>',
      'of a GGUF: everything but the experts, which are MXFP4; BF16 and F32 are exact',
    )
      .choices(['Q8_0', 'BF16', 'F32'])
      .default('Q8_0'),
  )
  .option('--from <model.bin>', 'writes this checkpoint as GGUF instead of a random one')
  .addHelpText(
    'after',
    '\nShape and seed give the same weights in both formats. The GPT-OSS shapes have the o200k vocabulary, the others ' +
      'one of their own; a GGUF has merges too, so that llama.cpp loads it.\n\nExamples:\n' +
      '  npm run make:checkpoint -- --shape odd --layers 5 --seed 7 --out /tmp/odd.bin\n' +
      '  npm run make:checkpoint -- --shape gpt-oss-20b --dense BF16 --out /tmp/20b.gguf\n' +
      '  npm run make:checkpoint -- --from models/pocket/model.bin --out /tmp/pocket.gguf\n',
  );
for (const [flag, size] of Object.entries(SIZE_FLAGS)) {
  command.addOption(new Option(`--${flag} <n>`, `overrides the shape's ${size}`).argParser(positiveInteger));
}
command.action((options: Record<string, unknown>) => {
  const overrides = Object.entries(SIZE_FLAGS).flatMap(([flag, size]) => {
    const value = options[flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())];
    return value === undefined ? [] : [[size, value]];
  });
  const shape: CheckpointShape = {
    ...CHECKPOINT_SHAPES[options['shape'] as CheckpointShapeName],
    ...Object.fromEntries(overrides),
  };
  const problem = problemWith(shape);
  if (problem !== null) command.error(`error: ${problem}`);
  const out = options['out'] as string;
  const startedAt = performance.now();
  const from = options['from'] as string | undefined;
  const isGguf = (options['format'] ?? (out.endsWith('.gguf') ? 'gguf' : 'model.bin')) === 'gguf';
  if (from !== undefined && !isGguf) command.error('error: --from is for writing a GGUF');
  const pieces =
    from === undefined
      ? checkpointPieces(shape, options['seed'] as number, vocabularyOf(shape))
      : filePieces(from);
  const numBytes = isGguf ? writeGguf(pieces, out, options['dense'] as DenseType) : writeFile(out, pieces);
  const seconds = (performance.now() - startedAt) / 1000;
  const what = from === undefined ? `random weights, seed ${String(options['seed'])}` : `weights of ${from}`;
  process.stdout.write(`${out}: ${numBytes} bytes in ${seconds.toFixed(1)} s; ${what}\n`);
});
command.parse();
