// What holding a model to a grammar costs, over the whole vocabulary: a mask by xgrammar, and the mask for the next token as
// the decode loop waits for it.

import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { createMatcherHost, type MatcherHost } from '../../src/actors/constraints/matcher-host.js';
import { createMatcherFactory, type MatcherFactory } from '../../src/actors/constraints/matcher.js';
import { schemaToEbnf } from '../../src/grammar/json-schema.js';
import { larkToEbnf } from '../../src/grammar/lark-to-ebnf.js';
import { createTokenizer, type Tokenizer } from '../../src/harmony/tokenizer.js';
import { loadO200k } from '../harmony/o200k.js';

const NUM_RUNS = 20;
/** Of a prompt like the first of a Codex thread, at best. */
const PREFILL_MS = 3000;

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

const ADA = {
  name: 'Ada Lovelace',
  age: 36,
  tags: ['a', 'c'],
  address: { city: 'London, 12 St James’s Square' },
};
const COMMAND = {
  cmd: 'rg -n "planStep" src | head -20 && cat src/actors/scheduler.ts',
  workdir: '/home/user/project',
  tty: false,
};

const main = async (): Promise<void> => {
  const vocabulary = loadO200k();
  const tokenizer = createTokenizer(vocabulary);
  const { call, end, return: done } = tokenizer.harmony;
  const held = { ...vocabulary.tokens, vocabSize: tokenizer.texts.size, ends: [call, end, done] };
  const before = process.memoryUsage.rss();
  const startedMs = performance.now();
  const factory = await createMatcherFactory(held);
  const bytes = process.memoryUsage.rss() - before;
  console.log(
    `vocabulary of ${tokenizer.texts.size} tokens: ${(performance.now() - startedMs).toFixed(0)} ms and ${(bytes / 1e6).toFixed(0)} MB, once`,
  );
  const host = createMatcherHost({ vocabulary: held, answerLimitMs: 60_000 });
  const cases = [
    ['apply_patch', larkToEbnf(readFileSync('tests/fixtures/apply-patch.lark', 'utf8')), PATCH],
    ['JSON schema', schemaToEbnf(PERSON), JSON.stringify(ADA, null, 2)],
    ['exec_command', schemaToEbnf(EXEC_COMMAND), JSON.stringify(COMMAND)],
  ] as const;
  console.log('\nxgrammar alone     compile      again   a mask: median      p99    worst');
  for (const [name, grammar, text] of cases) {
    const { compileMs, againMs, maskUs } = await benchMatcher(grammar, text, factory, tokenizer);
    console.log(
      `${name.padEnd(16)} ${compileMs.toFixed(0).padStart(6)} ms ${againMs.toFixed(1).padStart(7)} ms ${spread(maskUs)}`,
    );
  }
  console.log('\nfrom a token to the next mask       waits for the thread: median      p99    worst');
  for (const [name, grammar, text] of cases) {
    const answers: Answer[] = [];
    host.prepare(grammar);
    await setTimeout(PREFILL_MS);
    for (let run = 0; run < NUM_RUNS; run++) answers.push(await followText(grammar, text, host, tokenizer));
    for (const [which, of] of [
      ['first answer', answers.slice(0, 1)],
      ['later ones', answers.slice(1)],
    ] as const) {
      const numAsked = of.reduce((total, answer) => total + answer.numAsked, 0);
      const waits = of.flatMap(({ waitsUs }) => waitsUs);
      console.log(
        `${name.padEnd(16)} ${which.padEnd(14)} ${`${numAsked} of ${waits.length}`.padStart(16)} tokens ${spread(waits)}`,
      );
    }
  }
  host.close();
  console.log('\nthe first answer of all waits, in all       announced before    not announced');
  for (const [name, grammar, text] of cases) {
    const waits: number[] = [];
    for (const headStartMs of [PREFILL_MS, null]) {
      const fresh = createMatcherHost({ vocabulary: held, answerLimitMs: 60_000 });
      if (headStartMs !== null) {
        fresh.prepare(grammar);
        await setTimeout(headStartMs);
      }
      const { waitsUs, firstUs } = await followText(grammar, text, fresh, tokenizer);
      waits.push(waitsUs.reduce((total, us) => total + us, firstUs) / 1000);
      fresh.close();
    }
    console.log(`${name.padEnd(40)} ${waits.map((ms) => `${ms.toFixed(0).padStart(14)} ms`).join('')}`);
  }
};

const benchMatcher = async (
  grammar: string,
  text: string,
  factory: MatcherFactory,
  { encode, harmony }: Tokenizer,
): Promise<{ readonly compileMs: number; readonly againMs: number; readonly maskUs: readonly number[] }> => {
  const compileMs: number[] = [];
  const maskUs: number[] = [];
  for (let run = 0; run < NUM_RUNS; run++) {
    const startedMs = performance.now();
    const matcher = await factory.create(grammar, harmony.call);
    compileMs.push(performance.now() - startedMs);
    for (const token of [...encode(text), harmony.call]) {
      const beforeMs = performance.now();
      const mask = await matcher.mask();
      if (!isAllowed(mask, token) || !matcher.accept(token)) throw notGoingOn(token);
      maskUs.push((performance.now() - beforeMs) * 1000);
    }
    matcher.close();
  }
  return { compileMs: compileMs[0]!, againMs: compileMs[1]!, maskUs };
};

interface Answer {
  readonly firstUs: number;
  /** From each token to the mask for the next one; the first mask of all waits for the grammar's compilation. */
  readonly waitsUs: readonly number[];
  /** How many of them had to be worked out by the thread. */
  readonly numAsked: number;
}

const followText = async (
  grammar: string,
  text: string,
  host: MatcherHost,
  { encode, harmony }: Tokenizer,
): Promise<Answer> => {
  const waitsUs: number[] = [];
  let firstUs = 0;
  let numAsked = 0;
  let told: Uint32Array | null = null;
  let wake = (): void => {};
  const matcher = host.open(grammar, harmony.call, {
    mask: (words) => {
      told = words;
      wake();
    },
    failed: (error) => {
      throw error;
    },
  });
  for (const token of [null, ...encode(text)]) {
    const beforeMs = performance.now();
    if (token !== null) {
      if (told !== null && !isAllowed(told, token)) throw notGoingOn(token);
      told = null;
      matcher.accept(token);
    }
    if (told === null) {
      numAsked++;
      await new Promise<void>((resolve) => (wake = resolve));
    }
    const waitedUs = (performance.now() - beforeMs) * 1000;
    if (token === null) firstUs = waitedUs;
    else waitsUs.push(waitedUs);
  }
  matcher.close();
  return { firstUs, waitsUs, numAsked };
};

const isAllowed = (mask: Uint32Array, token: number): boolean =>
  ((mask[token >> 5]! >>> (token & 31)) & 1) === 1;

const notGoingOn = (token: number): Error => new Error(`the grammar does not go on with token ${token}`);

/** Median, 99th percentile and worst, in µs. */
const spread = (values: readonly number[]): string => {
  const sorted = [...values].sort((a, b) => a - b);
  return [0.5, 0.99, 1]
    .map((part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!)
    .map((us) => `${us.toFixed(0).padStart(6)} µs`)
    .join('');
};

await main();
