// npm run bench:lookup: what prompt lookup gains while a file is edited. The transcript is of this repository: a prompt
// with a source file, and as the answer the whole file with names and lines changed. The weights need not be able to write
// it: each step computes the same tokens as in the daemon, and the transcript decides which guesses come true. In turns
// with and without lookup; medians of tokens a second.

import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { loadAddon } from '../../src/actors/load-addon.js';
import { createPromptLookup } from '../../src/actors/prompt-lookup.js';
import { integer } from '../../src/cli/option-parsers.js';
import { createTokenizer } from '../../src/harmony/tokenizer.js';
import { GREEDY_SAMPLING } from '../../src/actors/greedy-sampling.js';

const MAX_DRAFT = 16;
const BATCH = 128;
const fileOf = (path: string): string => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

const command = new Command('bench:lookup')
  .description('What prompt lookup gains while a file is edited.')
  .argument('[checkpoint]', 'weights of any gpt-oss shape', fileOf('models/pocket/model.bin'))
  .option('--rounds <n>', 'how often both ways take their turn', integer(1), 5)
  .parse();
const checkpoint = command.processedArgs[0] as string;
const { rounds } = command.opts<{ readonly rounds: number }>();
const addon = loadAddon();
const engine = addon.openEngine({ path: checkpoint, isa: '', numThreads: 0 });
const { pattern, bytes, offsets, specialTokens } = engine.tokenizer();
const tokenizer = createTokenizer({
  pattern,
  tokens: { bytes, offsets },
  specialTokens: new Map(Object.entries(specialTokens).map(([name, id]) => [`<|${name}|>`, id])),
  vocabularySize: engine.config.vocabSize,
});
const source = readFileSync(fileOf('src/actors/scheduler.ts'), 'utf8');
const edited = source
  .replaceAll('prefillRoom', 'roomForPrompts')
  .replace('A quarter of a step', 'Half of a step')
  .replace('maxBatchTokens / 4', 'maxBatchTokens / 2')
  .replace("// Policy of the engine worker's loop", '// What the loop of the engine worker does next');
const prompt = Uint32Array.from(
  tokenizer.encode(`Rename prefillRoom, and give prompts half of a step.\n\n${source}\n\n`),
);
const answer = Uint32Array.from(tokenizer.encode(edited));

const context = engine.createContext({
  numSlots: 1,
  contextLength: prompt.length + answer.length + MAX_DRAFT + 1,
  maxBatchTokens: BATCH,
  kvType: 'f16',
  precision: 'exact',
  maxDraftTokens: MAX_DRAFT,
});
const sampler = addon.createSampler(GREEDY_SAMPLING, engine.config.vocabSize);

const feedFrom = (first: number): void => {
  for (let at = first; at < prompt.length; at += BATCH)
    context.step([{ slot: 0, tokens: prompt.subarray(at, at + BATCH), sampler: null, topLogprobs: 0 }]);
};

const run = (guesses: boolean) => {
  feedFrom(context.truncate(0, prompt.length));
  const lookup = createPromptLookup(prompt, MAX_DRAFT);
  let [steps, drafted, accepted] = [0, 0, 0];
  lookup.append(answer[0]!);
  const startedMs = performance.now();
  for (let at = 0; at + 1 < answer.length; steps += 1) {
    const drafts = guesses ? lookup.draft(answer.length - at - 2) : new Uint32Array();
    const tokens = Uint32Array.of(answer[at]!, ...drafts);
    context.step([{ slot: 0, tokens, sampler, topLogprobs: 0, numDrafts: drafts.length }]);
    const wrong = drafts.findIndex((token, i) => token !== answer[at + 1 + i]);
    const numTrue = wrong < 0 ? drafts.length : wrong;
    if (drafts.length > 0) lookup.judge(drafts.length, numTrue);
    if (numTrue < drafts.length) context.truncate(0, prompt.length + at + 1 + numTrue);
    answer.subarray(at + 1, at + 2 + numTrue).forEach(lookup.append);
    at += 1 + numTrue;
    drafted += drafts.length;
    accepted += numTrue;
  }
  return {
    tokensPerSecond: (1000 * answer.length) / (performance.now() - startedMs),
    steps,
    drafted,
    accepted,
  };
};

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

feedFrom(0);
const plain: number[] = [];
const guessing: number[] = [];
let last = run(true);
for (let round = 0; round < rounds; round += 1) {
  plain.push(run(false).tokensPerSecond);
  last = run(true);
  guessing.push(last.tokensPerSecond);
}
console.log(
  `${checkpoint}: ${engine.kernels}, ${engine.numThreads} threads; load ${loadavg()[0]!.toFixed(1)}`,
);
console.log(`prompt ${prompt.length} tokens, answer ${answer.length}; ${rounds} rounds`);
console.log(
  `plain ${median(plain).toFixed(1)} tok/s, with lookup ${median(guessing).toFixed(1)} tok/s: ` +
    `${(median(guessing) / median(plain)).toFixed(2)} times; ${last.accepted} of ${last.drafted} guesses came true, ${last.steps} steps`,
);
