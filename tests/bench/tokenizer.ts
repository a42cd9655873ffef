// Encoding beside the npm package `tiktoken` (WASM), on the same texts in the same run, ids compared.
// Hostile texts are given to tiktoken at an eighth of their size: it is quadratic on them.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createTokenizer, type Tokenizer } from '../../src/harmony/tokenizer.js';
import { loadO200k, truncate } from '../harmony/o200k.js';

interface Tiktoken {
  encode_ordinary(text: string): Uint32Array;
}
type TiktokenConstructor = new (
  ranks: string,
  specialTokens: Record<string, number>,
  pattern: string,
) => Tiktoken;

const HOSTILE_SHRINK = 8;

const main = (): void => {
  const o200k = loadO200k();
  for (const [name, vocabulary] of [
    ['8,192 tokens', truncate(o200k, 8192)],
    ['o200k, 199,998 tokens', o200k],
  ] as const) {
    console.log(`build ${name}: ${bestMs(5, () => createTokenizer(vocabulary)).toFixed(1)} ms`);
  }
  const ours = createTokenizer(o200k);
  const theirs = loadTiktoken();
  const ordinary = ordinaryTexts();
  // Both warm: the first texts would otherwise pay for the compiler.
  for (const text of Object.values(ordinary)) {
    ours.encode(text);
    theirs.encode_ordinary(text);
  }
  console.log('\nordinary text              size  tokens      ours        tiktoken   ratio');
  for (const [name, text] of Object.entries(ordinary)) compareOrdinary(name, text, ours, theirs);
  console.log('\nhostile text, 40 KB      tokens  ours, first and best   tiktoken, 5 KB   ratio at 5 KB');
  for (const [name, text] of Object.entries(hostileTexts())) compareHostile(name, text, ours, theirs);
};

const compareOrdinary = (name: string, text: string, ours: Tokenizer, theirs: Tiktoken): void => {
  const ids = ours.encode(text);
  checkSame(name, ids, theirs.encode_ordinary(text));
  const oursMs = bestMs(9, () => ours.encode(text));
  const theirsMs = bestMs(5, () => theirs.encode_ordinary(text));
  const bytes = Buffer.byteLength(text);
  console.log(
    `${name.padEnd(22)} ${(bytes / 1000).toFixed(0).padStart(5)} KB ${String(ids.length).padStart(7)} ` +
      `${megabytes(bytes, oursMs)} MB/s ${megabytes(bytes, theirsMs)} MB/s ${(theirsMs / oursMs).toFixed(1).padStart(6)}x`,
  );
};

const compareHostile = (name: string, text: string, ours: Tokenizer, theirs: Tiktoken): void => {
  const firstMs = bestMs(1, () => ours.encode(text));
  const oursMs = bestMs(5, () => ours.encode(text));
  const short = text.slice(0, text.length / HOSTILE_SHRINK);
  checkSame(name, ours.encode(short), theirs.encode_ordinary(short));
  const shortMs = bestMs(5, () => ours.encode(short));
  const theirsMs = bestMs(2, () => theirs.encode_ordinary(short));
  console.log(
    `${name.padEnd(22)} ${String(ours.encode(text).length).padStart(8)} ${firstMs.toFixed(1).padStart(9)} ms ` +
      `${oursMs.toFixed(1).padStart(5)} ms ${theirsMs.toFixed(1).padStart(12)} ms ${(theirsMs / shortMs).toFixed(1).padStart(9)}x`,
  );
};

const loadTiktoken = (): Tiktoken => {
  const require = createRequire(import.meta.url);
  const { Tiktoken } = require('tiktoken') as { Tiktoken: TiktokenConstructor };
  const encoder = require('tiktoken/encoders/o200k_base.json') as {
    bpe_ranks: string;
    special_tokens: Record<string, number>;
    pat_str: string;
  };
  return new Tiktoken(encoder.bpe_ranks, encoder.special_tokens, encoder.pat_str);
};

const ordinaryTexts = (): Record<string, string> => {
  const read = (path: string): string =>
    readFileSync(fileURLToPath(new URL(`../../../../${path}`, import.meta.url)), 'utf8');
  const prose = read('LICENSE');
  return {
    'English prose': prose.repeat(5),
    Markdown: read('README.md').repeat(5),
    TypeScript: ['tokenizer', 'tolerant-decoder', 'tolerant-header', 'merge', 'renderer', 'split-o200k']
      .map((name) => read(`src/harmony/${name}.ts`))
      .join('\n'),
    JSON: read('tests/fixtures/harmony/vectors/parse.json'),
    'German, Russian, CJK':
      'Größere Sprachmodelle brauchen mehr Speicher. Большие языковые модели требуют больше памяти. 大型语言模型需要更多内存。日本語のテキストも試します。한국어 문장도 있습니다. 💖🏳️‍🌈 '.repeat(
        150,
      ),
  };
};

const hostileTexts = (): Record<string, string> => ({
  'one letter': 'a'.repeat(40_000),
  spaces: ' '.repeat(40_000),
  newlines: '\n'.repeat(40_000),
  emoji: '💖'.repeat(10_000),
  'family emoji': '👩‍👩‍👧‍👦'.repeat(1_600),
  'combining marks': `e${'\u0301'.repeat(20_000)}`,
  'marks and capitals': '\u0301A'.repeat(13_332),
  'two letters': 'ab'.repeat(20_000),
  'letters without end': Array.from({ length: 40_000 }, (_, i) =>
    String.fromCharCode(97 + ((i * i * 31 + i * 7919) % 26)),
  ).join(''),
  punctuation: '!?'.repeat(20_000),
  digits: '1'.repeat(40_000),
  'ideographic spaces': '\u3000'.repeat(13_332),
});

const checkSame = (name: string, ours: readonly number[], theirs: Uint32Array): void => {
  if (ours.length !== theirs.length || ours.some((id, i) => id !== theirs[i]))
    throw new Error(`${name}: the ids differ`);
};

const megabytes = (bytes: number, ms: number): string => (bytes / 1000 / ms).toFixed(1).padStart(7);

const bestMs = (runs: number, work: () => unknown): number => {
  let best = Infinity;
  for (let run = 0; run < runs; run++) {
    const started = performance.now();
    work();
    best = Math.min(best, performance.now() - started);
  }
  return best;
};

main();
