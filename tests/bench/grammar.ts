// What holding a model to a grammar costs: compiling it once, and a mask for every token, over the whole vocabulary.

import { readFileSync } from 'node:fs';
import { createMatcherFactory, type MatcherFactory } from '../../src/actors/constraints/matcher.js';
import { schemaToEbnf } from '../../src/grammar/json-schema.js';
import { larkToEbnf } from '../../src/grammar/lark-to-ebnf.js';
import { createTokenizer, type Tokenizer } from '../../src/harmony/tokenizer.js';
import { loadO200k } from '../harmony/o200k.js';

const NUM_RUNS = 20;

const PATCH = `*** Begin Patch
*** Update File: src/scheduler.ts
@@ const planStep = (sequences) => {
-  const runnable = sequences.filter(({ hasCredit }) => hasCredit);
+  const runnable = sequences.filter(({ mayDecode }) => mayDecode);
   const inTurn = rotate(runnable, turn);
*** Add File: notes/größe.md
+# Notes
+
+What was measured, and on which machine.
*** End Patch
`;

/** As the Codex CLI declares its shell. */
const EXEC_COMMAND = {
  type: 'object',
  properties: {
    cmd: { type: 'string', description: 'Shell command to execute.' },
    workdir: { type: 'string', description: 'Working directory.' },
    yield_time_ms: { type: 'number' },
    max_output_tokens: { type: 'number' },
    tty: { type: 'boolean' },
    justification: { type: 'string' },
  },
  required: ['cmd'],
  additionalProperties: false,
};
const PERSON = {
  type: 'object',
  properties: {
    name: { type: 'string' },
    age: { type: 'integer', minimum: 0, maximum: 150 },
    tags: { type: 'array', items: { enum: ['a', 'b', 'c'] }, maxItems: 5 },
    address: {
      anyOf: [
        {
          type: 'object',
          properties: { city: { type: 'string' } },
          required: ['city'],
          additionalProperties: false,
        },
        { type: 'null' },
      ],
    },
  },
  required: ['name', 'age', 'tags', 'address'],
  additionalProperties: false,
};

const main = async (): Promise<void> => {
  const vocabulary = loadO200k();
  const tokenizer = createTokenizer(vocabulary);
  const { call, end, return: done } = tokenizer.harmony;
  const startedMs = performance.now();
  const factory = await createMatcherFactory({
    ...vocabulary.tokens,
    vocabSize: tokenizer.texts.size,
    ends: [call, end, done],
  });
  console.log(
    `vocabulary of ${tokenizer.texts.size} tokens: ${(performance.now() - startedMs).toFixed(0)} ms, once\n`,
  );
  console.log('grammar            compile   again    mask median     p99   worst');
  const lark = readFileSync('tests/fixtures/apply-patch.lark', 'utf8');
  await bench('apply_patch', larkToEbnf(lark), PATCH, factory, tokenizer);
  await bench(
    'JSON schema',
    schemaToEbnf(PERSON),
    JSON.stringify(
      { name: 'Ada Lovelace', age: 36, tags: ['a', 'c'], address: { city: 'London, 12 St James’s Square' } },
      null,
      2,
    ),
    factory,
    tokenizer,
  );
  await bench(
    'exec_command',
    schemaToEbnf(EXEC_COMMAND),
    JSON.stringify({
      cmd: 'rg -n "planStep" src | head -20 && cat src/actors/scheduler.ts',
      workdir: '/home/user/project',
      tty: false,
    }),
    factory,
    tokenizer,
  );
};

const bench = async (
  name: string,
  grammar: string,
  text: string,
  factory: MatcherFactory,
  { encode, harmony }: Tokenizer,
): Promise<void> => {
  const compileMs: number[] = [];
  const masksUs: number[] = [];
  const tokens = encode(text);
  for (let run = 0; run < NUM_RUNS; run++) {
    const startedMs = performance.now();
    const matcher = await factory.create(grammar, harmony.call);
    compileMs.push(performance.now() - startedMs);
    for (const token of [...tokens, harmony.call]) {
      const beforeMs = performance.now();
      const mask = await matcher.mask();
      if (((mask[token >> 5]! >>> (token & 31)) & 1) === 0 || !matcher.accept(token))
        throw new Error(`${name} does not go on with token ${token}`);
      masksUs.push((performance.now() - beforeMs) * 1000);
    }
    matcher.close();
  }
  masksUs.sort((a, b) => a - b);
  const share = (part: number): string =>
    masksUs[Math.min(masksUs.length - 1, Math.floor(part * masksUs.length))]!.toFixed(0);
  const [cold = 0, warm = 0] = compileMs;
  console.log(
    `${name.padEnd(16)} ${cold.toFixed(0).padStart(6)} ms ${warm.toFixed(1).padStart(5)} ms ${share(0.5).padStart(11)} µs ${share(0.99).padStart(4)} µs ${share(1).padStart(5)} µs`,
  );
};

await main();
