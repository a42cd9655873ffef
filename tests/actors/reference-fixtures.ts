// Reads tests/fixtures/reference: logits that transformers and a float64 numpy program computed (tools/reference).

import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  CHECKPOINT_SHAPES,
  checkpointPieces,
  type CheckpointShapeName,
} from '../../tools/checkpoint-writer.js';

/** The repository's root: tests run from build/js/tests/actors. */
const ROOT = join(import.meta.dirname, '../../../..');
const FIXTURES = join(ROOT, 'tests/fixtures/reference');
const SEED = 1;

export interface ReferencePrompt {
  readonly title: string;
  readonly tokens: readonly number[];
  readonly largestLogit: number;
  /** Tokens whose logits are kept, and those: float64 numpy, and transformers in float32 where it was run. */
  readonly probed: readonly number[];
  readonly plain: Float32Array;
  readonly transformers: Float32Array | null;
  readonly greedy: readonly number[];
  readonly greedyGaps: readonly number[];
}

export interface Reference {
  readonly name: string;
  readonly sha256: string;
  readonly prompts: readonly ReferencePrompt[];
}

interface FixturePrompt extends Pick<ReferencePrompt, 'title' | 'tokens' | 'greedy'> {
  readonly largest_logit: number;
  readonly probed: 'all' | readonly number[];
  readonly plain: string;
  readonly transformers: string | null;
  readonly greedy_gaps: readonly number[];
}

export const references = (): readonly Reference[] =>
  readdirSync(FIXTURES)
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const fixture = JSON.parse(readFileSync(join(FIXTURES, file), 'utf8')) as {
        readonly checkpoint: string;
        readonly sha256: string;
        readonly prompts: readonly FixturePrompt[];
      };
      return { name: fixture.checkpoint, sha256: fixture.sha256, prompts: fixture.prompts.map(readPrompt) };
    });

/** The checkpoint's path: from the repository, or made again from its shape in a folder that `dispose` removes. */
export const referenceCheckpoint = ({
  name,
  sha256,
}: Reference): { readonly path: string; dispose(): void } => {
  if (!(name in CHECKPOINT_SHAPES)) {
    const path = join(ROOT, 'models', name, 'model.bin');
    expectHash(path, readFileSync(path), sha256);
    return { path, dispose: () => undefined };
  }
  const folder = mkdtempSync(join(tmpdir(), 'codexpc-reference-'));
  const path = join(folder, `${name}.bin`);
  const shape = CHECKPOINT_SHAPES[name as CheckpointShapeName];
  const bytes = Buffer.concat(Array.from(checkpointPieces(shape, SEED), (piece) => Buffer.from(piece)));
  expectHash(path, bytes, sha256);
  writeFileSync(path, bytes);
  return { path, dispose: () => rmSync(folder, { recursive: true, force: true }) };
};

const expectHash = (path: string, bytes: Buffer, sha256: string): void => {
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual !== sha256)
    throw new Error(`${path} has SHA-256 ${actual}; the reference was made with ${sha256}`);
};

const readPrompt = (prompt: FixturePrompt): ReferencePrompt => {
  const plain = unpack(prompt.plain);
  return {
    title: prompt.title,
    tokens: prompt.tokens,
    largestLogit: prompt.largest_logit,
    probed: prompt.probed === 'all' ? Array.from(plain.keys()) : prompt.probed,
    plain,
    transformers: prompt.transformers === null ? null : unpack(prompt.transformers),
    greedy: prompt.greedy,
    greedyGaps: prompt.greedy_gaps,
  };
};

const unpack = (base64: string): Float32Array => {
  const bytes = Buffer.from(base64, 'base64');
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i));
};
