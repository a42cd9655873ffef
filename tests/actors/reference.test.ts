// The engine against two implementations that are not ours to bend: transformers' GptOssForCausalLM and numpy float64.

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

import { GREEDY_SAMPLING as GREEDY } from '../../src/actors/greedy-sampling.js';
import type { NativeContext, NativeEngine, NativeSampler } from '../../src/actors/engine-addon.js';
import { loadAddon } from '../../src/actors/load-addon.js';
import {
  type Reference,
  referenceCheckpoint,
  type ReferencePrompt,
  references,
} from './reference-fixtures.js';

const addon = loadAddon();
const isas = addon.kernelTables().flatMap(({ name, supported }) => (supported ? [name] : []));

/** All cores once, for the table that this machine would choose; more would only keep other tests waiting. */
const numThreadsFor = (isa: string): number => (isa === isas[0] ? 0 : 1);
/** Token by token, longer prompts are fed with that table alone: all tables decode 64 tokens behind them anyway. */
const MAX_SINGLE_TOKENS = 130;

/** Of the largest |logit|. Seen: 4e-6 and less for the exact path, whose bar is 2e-3. */
const EXACT_TOLERANCE = 5e-5;
/** float16 keeps 11 bits of every K and V. Seen: 1.8e-3 and less. */
const F16_KV_TOLERANCE = 5e-3;

describe.each(references())('reference $name', (reference: Reference) => {
  let checkpoint: ReturnType<typeof referenceCheckpoint>;
  beforeAll(() => {
    checkpoint = referenceCheckpoint(reference);
  });
  afterAll(() => checkpoint.dispose());

  describe.each(isas)('with %s kernels', (isa) => {
    let engine: NativeEngine;
    let sampler: NativeSampler;
    beforeAll(() => {
      engine = addon.openEngine({ path: checkpoint.path, isa, numThreads: numThreadsFor(isa) });
      sampler = addon.createSampler(GREEDY, engine.config.vocabSize);
    });
    afterAll(() => engine.close());

    const open = (prompt: ReferencePrompt, kvType: 'f32' | 'f16'): NativeContext =>
      engine.createContext({
        numSlots: 1,
        contextLength: prompt.tokens.length + prompt.greedy.length,
        maxBatchTokens: 128,
        kvType,
        precision: 'exact',
      });

    const feed = (context: NativeContext, tokens: readonly number[], chunkTokens: number): Float32Array => {
      for (let from = 0; from < tokens.length; from += chunkTokens) {
        const chunk = Uint32Array.from(tokens.slice(from, from + chunkTokens));
        const isLast = from + chunkTokens >= tokens.length;
        context.step([{ slot: 0, tokens: chunk, sampler: isLast ? sampler : null, topLogprobs: 0 }]);
      }
      return context.logits(0);
    };

    it.each(reference.prompts)(
      'gives the logits after $title, and decodes greedily as the references do',
      (prompt: ReferencePrompt) => {
        const context = open(prompt, 'f32');
        let logits = feed(context, prompt.tokens, 128);
        expect(engine.kernels).toBe(isa);
        expect(distance(logits, prompt, prompt.plain)).toBeLessThan(EXACT_TOLERANCE);
        if (prompt.transformers !== null)
          expect(distance(logits, prompt, prompt.transformers)).toBeLessThan(EXACT_TOLERANCE);
        const smallestGap = 2 * EXACT_TOLERANCE * prompt.largestLogit;
        let compared = 0;
        prompt.greedy.forEach((token, step) => {
          if ((prompt.greedyGaps[step] as number) > smallestGap) {
            expect([step, largest(logits)]).toEqual([step, token]);
            compared += 1;
          }
          logits = feed(context, [token], 1);
        });
        expect(prompt.greedy).toHaveLength(64);
        expect(compared).toBeGreaterThan(60);
        context.close();
      },
    );

    it.each(reference.prompts)(
      'does not depend on the chunk size after $title',
      (prompt: ReferencePrompt) => {
        const isFedSingly = isa === isas[0] || prompt.tokens.length <= MAX_SINGLE_TOKENS;
        for (const chunkTokens of isFedSingly ? [1, 13, 100] : [13, 100]) {
          const context = open(prompt, 'f32');
          const logits = feed(context, prompt.tokens, chunkTokens);
          expect([chunkTokens, distance(logits, prompt, prompt.plain) < EXACT_TOLERANCE]).toEqual([
            chunkTokens,
            true,
          ]);
          context.close();
        }
      },
    );

    it.each(reference.prompts)(
      'stays near with a float16 KV cache after $title',
      (prompt: ReferencePrompt) => {
        const context = open(prompt, 'f16');
        expect(distance(feed(context, prompt.tokens, 128), prompt, prompt.plain)).toBeLessThan(
          F16_KV_TOLERANCE,
        );
        context.close();
      },
    );
  });
});

/** Largest difference, as a share of the largest logit. */
const distance = (logits: Float32Array, prompt: ReferencePrompt, expected: Float32Array): number => {
  const differences = prompt.probed.map((token, i) =>
    Math.abs((logits[token] as number) - (expected[i] as number)),
  );
  if (process.env['CODEXPC_PRINT_DISTANCES'] !== undefined) {
    process.stderr.write(`${prompt.title}: ${Math.max(...differences) / prompt.largestLogit}\n`);
  }
  return Math.max(...differences) / prompt.largestLogit;
};

const largest = (logits: Float32Array): number =>
  logits.reduce((best, logit, token) => (logit > (logits[best] as number) ? token : best), 0);
