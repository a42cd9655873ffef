import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { GREEDY_SAMPLING as GREEDY } from '../../src/actors/greedy-sampling.js';
import type { ContextOptions, NativeContext, NativeEngine } from '../../src/actors/engine-addon.js';
import { loadAddon } from '../../src/actors/load-addon.js';
import { CodexpcError } from '../../src/errors.js';
import { CHECKPOINT_SHAPES, checkpointPieces } from '../../tools/checkpoint-writer.js';

const addon = loadAddon();
const ADDON = join(process.cwd(), 'build/native/Release/codexpc.node');
const tiny = CHECKPOINT_SHAPES.tiny;
const vocabSize = tiny.numTextTokens + tiny.numSpecialTokens;

const CONTEXT: ContextOptions = {
  numSlots: 2,
  contextLength: 256,
  maxBatchTokens: 16,
  kvType: 'f32',
  precision: 'exact',
};

let folder: string;
let path: string;
const open: NativeEngine[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'codexpc-addon-'));
  path = join(folder, 'tiny.bin');
  writeFileSync(path, Buffer.concat(Array.from(checkpointPieces(tiny, 1), (piece) => Buffer.from(piece))));
});
afterEach(() => {
  for (const engine of open.splice(0)) engine.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const openEngine = (options: Partial<Parameters<typeof addon.openEngine>[0]> = {}): NativeEngine => {
  const engine = addon.openEngine({ path, isa: '', numThreads: 2, ...options });
  open.push(engine);
  return engine;
};
const openContext = (options: Partial<ContextOptions> = {}): NativeContext =>
  openEngine().createContext({ ...CONTEXT, ...options });
const tokens = (...ids: readonly number[]): Uint32Array<ArrayBuffer> => Uint32Array.from(ids);

const errorOf = (run: () => unknown): CodexpcError => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(CodexpcError);
    expect((error as CodexpcError).message).not.toBe('');
    return error as CodexpcError;
  }
  throw new Error('expected an error');
};
const codeOf = (run: () => unknown): string => errorOf(run).code;
/** Calls with arguments that TypeScript would refuse. */
const call = (target: unknown, ...args: readonly unknown[]): unknown =>
  (target as (...values: readonly unknown[]) => unknown)(...args);

/** Values of every kind that is not the one wanted. */
const STRANGERS: readonly unknown[] = [
  undefined,
  null,
  true,
  'text',
  '\ud800',
  '',
  -1,
  0.5,
  NaN,
  Infinity,
  -Infinity,
  2 ** 32,
  Number.MAX_VALUE,
  1n,
  -1n,
  2n ** 80n,
  Symbol('s'),
  {},
  [],
  [undefined],
  [{}],
  () => 1,
  new Proxy({}, {}),
  Object.create(null),
  new Uint8Array(3),
  new Float64Array(3),
  new ArrayBuffer(8),
  new DataView(new ArrayBuffer(8)),
  new Date(),
];
const throwing = (thrown: unknown): object =>
  new Proxy(
    {},
    {
      get: () => {
        throw thrown;
      },
    },
  );

describe('openEngine', () => {
  it('describes the model and the engine', () => {
    const engine = openEngine();
    expect(engine).toMatchObject({ backend: 'cpu', numThreads: 2, format: 'model.bin' });
    expect(addon.kernelTables()).toContainEqual({ name: engine.kernels, supported: true });
    expect(engine.config).toEqual({
      contextLength: tiny.contextLength,
      numHiddenLayers: tiny.numHiddenLayers,
      numExperts: tiny.numExperts,
      expertsPerToken: tiny.expertsPerToken,
      hiddenSize: tiny.hiddenSize,
      intermediateSize: tiny.intermediateSize,
      headDim: tiny.headDim,
      numAttentionHeads: tiny.numAttentionHeads,
      numKeyValueHeads: tiny.numKeyValueHeads,
      slidingWindow: tiny.slidingWindow,
      vocabSize,
    });
    expect(engine.capabilities).toEqual({
      logits: true,
      parallelSequences: true,
      prefixReuse: true,
      snapshots: true,
      drafts: true,
      promptSteps: true,
      mapsWeights: true,
    });
    expect(engine.weightsBytes).toBeGreaterThan(50_000);
    expect(engine.fileBytes).toBeGreaterThan(engine.weightsBytes);
  });

  it('hands out the tokenizer', () => {
    const tokenizer = openEngine().tokenizer();
    expect(tokenizer.offsets).toHaveLength(tiny.numTextTokens + 1);
    expect(tokenizer.bytes).toHaveLength(tokenizer.offsets[tiny.numTextTokens] ?? -1);
    expect(tokenizer.bytes[65]).toBe(65);
    expect(tokenizer.pattern).toContain('\\p{L}');
    expect(tokenizer.specialTokens).toMatchObject({
      start: tiny.numTextTokens + 8,
      end: tiny.numTextTokens + 9,
    });
    expect(() => new RegExp(tokenizer.pattern.replaceAll('(?i:', '(?:'), 'u')).not.toThrow();
  });

  it('pages in the checkpoint, from where it is told, while it is open', () => {
    const engine = openEngine();
    expect(engine.pageIn(0, 1_000)).toBe(engine.fileBytes);
    expect(engine.pageIn(engine.fileBytes, 0)).toBe(engine.fileBytes);
    for (const offset of [-1, 0.5, NaN, Infinity, 2 ** 54, engine.fileBytes + 1, '0' as never])
      expect(errorOf(() => engine.pageIn(offset, 0))).toMatchObject({ code: 'invalid_request' });
    engine.close();
    expect(errorOf(() => engine.pageIn(0, 0))).toMatchObject({ code: 'invalid_request' });
  });

  it('converts dense weights to 8 bits while the model is brought into memory, with progress', () => {
    const stored = openEngine();
    const engine = openEngine({ denseWeights: 'q8' });
    expect(engine.weightsBytes).toBeLessThan(stored.weightsBytes);
    expect(engine.fileBytes).toBeGreaterThan(stored.fileBytes);
    const steps: number[] = [];
    for (let at = 0; at < engine.fileBytes; steps.push(at)) at = engine.pageIn(at, 0);
    expect(steps.length).toBeGreaterThan(2);
    expect(steps.at(-1)).toBe(engine.fileBytes);
    expect(errorOf(() => engine.pageIn(engine.fileBytes + 1, 0))).toMatchObject({ code: 'invalid_request' });
    expect(errorOf(() => openEngine({ denseWeights: 'q4' as never }))).toMatchObject({
      code: 'unsupported_option',
    });
  });

  it('runs every kernel table that this CPU supports, and no other', () => {
    const supported = addon.kernelTables().filter((table) => table.supported);
    for (const { name } of supported) expect(openEngine({ isa: name }).kernels).toBe(name);
    expect(supported.map(({ name }) => name)).toContain('scalar');
    expect(errorOf(() => openEngine({ isa: 'mmx' }))).toMatchObject({ code: 'unsupported_option' });
    expect(errorOf(() => openEngine({ isa: 'mmx' })).message).toContain('scalar');
  });

  it('takes the kernel table from CODEXPC_ISA when none is named', () => {
    const program = `
      const engine = require(process.argv[1]).openEngine({ path: process.argv[2], isa: '', numThreads: 1 });
      process.stdout.write(engine.kernels);
    `;
    const env = { ...process.env, CODEXPC_ISA: 'scalar' };
    expect(execFileSync(process.execPath, ['-e', program, ADDON, path], { env, encoding: 'utf8' })).toBe(
      'scalar',
    );
  });

  it('tells files it cannot read from files that are damaged', () => {
    expect(codeOf(() => openEngine({ path: join(folder, 'missing.bin') }))).toBe('io_error');
    expect(codeOf(() => openEngine({ path: folder }))).toBe('io_error');
    const damaged = join(folder, 'damaged.bin');
    writeFileSync(
      damaged,
      Buffer.concat(Array.from(checkpointPieces(tiny, 1), (piece) => Buffer.from(piece))),
    );
    truncateSync(damaged, 90_000);
    expect(codeOf(() => openEngine({ path: damaged }))).toBe('model_corrupt');
  });

  it('throws errors of the class it was given', () => {
    const error = errorOf(() => openEngine({ path: join(folder, 'missing.bin') }));
    expect(error.name).toBe('CodexpcError');
    expect(error.kind).toBe('system');
    expect(error.message).toContain('missing.bin');
    expect(error.stack).toContain('engine-addon.test');
  });
});

describe('createContext', () => {
  it('takes exactly the memory that predict foretold', () => {
    const engine = openEngine();
    const entryBytes = { f32: 4 * tiny.headDim, f16: 2 * tiny.headDim, q8: 2 + tiny.headDim };
    for (const kvType of ['f32', 'f16', 'q8'] as const) {
      const predicted = engine.predict({ ...CONTEXT, kvType });
      expect(engine.createContext({ ...CONTEXT, kvType }).memory()).toEqual(predicted);
      expect(predicted.kvBytesPerToken).toBe(2 * tiny.numKeyValueHeads * entryBytes[kvType]);
      expect(predicted.weightsBytes).toBe(engine.weightsBytes);
    }
  });

  it('refuses sizes that make no sense', () => {
    const engine = openEngine();
    for (const wrong of [
      { numSlots: 0 },
      { contextLength: 5000 },
      { maxBatchTokens: 0 },
      { numSlots: 1e6 },
    ]) {
      expect(codeOf(() => engine.createContext({ ...CONTEXT, ...wrong }))).toBe('invalid_request');
    }
    expect(codeOf(() => call(engine.createContext, { ...CONTEXT, kvType: 'f8' }))).toBe('unsupported_option');
    expect(codeOf(() => call(engine.createContext, { ...CONTEXT, precision: 'low' }))).toBe(
      'unsupported_option',
    );
  });
});

describe('step', () => {
  it('answers per item, null where no sampler was given', () => {
    const context = openContext();
    const sampler = addon.createSampler(GREEDY, vocabSize);
    const results = context.step([
      { slot: 1, tokens: tokens(1, 2, 3), sampler: null, topLogprobs: 0 },
      { slot: 0, tokens: tokens(4, 5), sampler, topLogprobs: 3 },
    ]);
    expect(results[0]).toBeNull();
    const sampled = results[1];
    expect(sampled?.top).toHaveLength(3);
    expect(sampled?.top[0]).toEqual({ token: sampled?.token, logprob: sampled?.logprob });
    expect(addon.topLogprobs(context.logits(0), 3)).toEqual(sampled?.top);
    expect([context.length(0), context.length(1)]).toEqual([2, 3]);
    expect(codeOf(() => context.logits(1))).toBe('invalid_request');
  });

  it('continues the same way in one step and in many', () => {
    const prompt = Array.from({ length: 40 }, (_, i) => (i * 7) % vocabSize);
    const context = openContext({ maxBatchTokens: 40 });
    context.step([
      {
        slot: 0,
        tokens: Uint32Array.from(prompt),
        sampler: addon.createSampler(GREEDY, vocabSize),
        topLogprobs: 0,
      },
    ]);
    for (const token of prompt) {
      context.step([
        { slot: 1, tokens: tokens(token), sampler: addon.createSampler(GREEDY, vocabSize), topLogprobs: 0 },
      ]);
    }
    const [whole, single] = [context.logits(0), context.logits(1)];
    const largest = Math.max(...whole.map(Math.abs));
    whole.forEach((logit, i) => expect(Math.abs(logit - (single[i] ?? NaN))).toBeLessThan(1e-5 * largest));
  });

  it('draws the same tokens from the same seed', () => {
    const draw = (seed: bigint): readonly number[] => {
      const context = openContext();
      const sampler = addon.createSampler({ ...GREEDY, temperature: 1.5, topP: 0.99, seed }, vocabSize);
      const drawn: number[] = [7];
      for (let i = 0; i < 20; i += 1) {
        const [next] = context.step([
          { slot: 0, tokens: tokens(drawn.at(-1) ?? 0), sampler, topLogprobs: 0 },
        ]);
        drawn.push(next?.token ?? -1);
      }
      return drawn;
    };
    expect(draw(2n ** 64n - 1n)).toEqual(draw(2n ** 64n - 1n));
    expect(draw(1n)).not.toEqual(draw(2n));
  });

  it('draws with drafts, right or wrong, what it draws without', () => {
    const sampling = { ...GREEDY, temperature: 0.7, topP: 0.95, seed: 11n };
    const plain = openContext();
    const sampler = addon.createSampler(sampling, vocabSize);
    const expected = [7];
    for (let i = 0; i < 60; i += 1) {
      const [next] = plain.step([{ slot: 0, tokens: tokens(expected[i]!), sampler, topLogprobs: 0 }]);
      expected.push(next!.token);
    }
    const context = openContext({ maxDraftTokens: 6 });
    const drafting = addon.createSampler(sampling, vocabSize);
    const drawn = [7];
    for (let numRight = 0; drawn.length < 50; numRight = (numRight + 1) % 6) {
      const right = expected.slice(drawn.length, drawn.length + numRight);
      const wrong = (expected[drawn.length + numRight]! + 1) % vocabSize;
      const [next] = context.step([
        {
          slot: 0,
          tokens: tokens(drawn.at(-1)!, ...right, wrong),
          sampler: drafting,
          topLogprobs: 0,
          numDrafts: numRight + 1,
        },
      ]);
      expect(next!.further).toHaveLength(numRight);
      drawn.push(next!.token, ...next!.further.map(({ token }) => token));
      expect(context.truncate(0, drawn.length - 1)).toBe(drawn.length - 1);
    }
    expect(drawn).toEqual(expected.slice(0, drawn.length));
  });

  it('draws after a step in parts what it draws after one at once, and others go on in between', () => {
    const sampling = { ...GREEDY, temperature: 0.7, seed: 11n };
    const prompt = Uint32Array.from({ length: 40 }, (_, index) => index);
    const item = { slot: 0, tokens: prompt, topLogprobs: 3 };
    const whole = openContext({ maxBatchTokens: 40 });
    const [expected] = whole.step([{ ...item, sampler: addon.createSampler(sampling, vocabSize) }]);

    const context = openContext({ maxPromptBatchTokens: 40 });
    const sampler = addon.createSampler(sampling, vocabSize);
    const other = { slot: 1, tokens: tokens(1), sampler: null, topLogprobs: 0 };
    context.beginPromptStep({ ...item, sampler });
    context.continuePromptStep();
    context.abandonPromptStep();
    context.abandonPromptStep();
    expect(context.length(0)).toBe(0);
    expect(codeOf(() => context.continuePromptStep())).toBe('invalid_request');

    context.beginPromptStep({ ...item, sampler });
    sampler.close(); // a step that has begun keeps it
    expect(codeOf(() => context.truncate(0, 0))).toBe('invalid_request');
    expect(codeOf(() => context.beginPromptStep(other))).toBe('invalid_request');
    let part = context.continuePromptStep();
    for (let numLeft = tiny.numHiddenLayers - 1; numLeft > 0; numLeft -= 1) {
      expect(part).toEqual({ numPartsLeft: numLeft, sampled: null });
      context.step([other]);
      part = context.continuePromptStep();
    }
    expect(part).toEqual({ numPartsLeft: 0, sampled: expected });
    expect([context.length(0), context.length(1)]).toEqual([40, tiny.numHiddenLayers - 1]);
  });

  it('is refused in parts where the context has no room for them', () => {
    const item = { slot: 0, tokens: tokens(1, 2, 3), sampler: null, topLogprobs: 0 };
    expect(codeOf(() => openContext().beginPromptStep(item))).toBe('invalid_request');
    expect(codeOf(() => openContext({ maxPromptBatchTokens: 2 }).beginPromptStep(item))).toBe(
      'invalid_request',
    );
  });

  it('counts accepted tokens for the penalties', () => {
    const context = openContext();
    const first = context.step([
      { slot: 0, tokens: tokens(1), sampler: addon.createSampler(GREEDY, vocabSize), topLogprobs: 0 },
    ])[0];
    const sampler = addon.createSampler({ ...GREEDY, presencePenalty: 1000 }, vocabSize);
    sampler.accept(tokens(first?.token ?? 0));
    const second = context.step([{ slot: 1, tokens: tokens(1), sampler, topLogprobs: 0 }])[0];
    expect(second?.token).not.toBe(first?.token);
  });

  it('refuses a sampler that was closed', () => {
    const context = openContext();
    const sampler = addon.createSampler({ ...GREEDY, temperature: 1 }, vocabSize);
    sampler.close();
    sampler.close();
    expect(codeOf(() => sampler.accept(tokens(1)))).toBe('invalid_request');
    expect(codeOf(() => sampler.setMask(null))).toBe('invalid_request');
    expect(codeOf(() => context.step([{ slot: 0, tokens: tokens(1), sampler, topLogprobs: 0 }]))).toBe(
      'invalid_request',
    );
    expect(context.length(0)).toBe(0);
  });

  it('finishes a step whose sampler is closed while its arguments are read', () => {
    const context = openContext();
    const sampler = addon.createSampler({ ...GREEDY, temperature: 1 }, vocabSize);
    const closing = {
      slot: 1,
      tokens: tokens(2),
      sampler: null,
      get topLogprobs() {
        sampler.close();
        return 0;
      },
    };
    const [sampled] = context.step([{ slot: 0, tokens: tokens(1), sampler, topLogprobs: 0 }, closing]);
    expect(sampled?.token).toBeLessThan(vocabSize);
  });

  it('refuses a step as a whole', () => {
    const context = openContext();
    const item = { slot: 0, tokens: tokens(1), sampler: null, topLogprobs: 0 };
    const codes = [
      [],
      [{ ...item, slot: 2 }],
      [item, item],
      [item, item, item],
      [item, { ...item, slot: 1, tokens: tokens(vocabSize) }],
      [{ ...item, tokens: tokens() }],
      [{ ...item, tokens: new Uint32Array(17) }],
      [{ ...item, sampler: addon.createSampler(GREEDY, vocabSize - 1) }],
      [{ ...item, sampler: {} as never }],
      [{ ...item, sampler: context as never }],
    ].map((items) => codeOf(() => context.step(items)));
    expect(new Set(codes)).toEqual(new Set(['invalid_request']));
    expect(context.length(0)).toBe(0);
  });

  it('says when a context is full', () => {
    const context = openContext({ contextLength: 8 });
    context.step([{ slot: 0, tokens: tokens(1, 2, 3, 4, 5, 6, 7), sampler: null, topLogprobs: 0 }]);
    const more = { slot: 0, tokens: tokens(1, 2), sampler: null, topLogprobs: 0 };
    expect(codeOf(() => context.step([more]))).toBe('context_overflow');
    expect(context.length(0)).toBe(7);
  });
});

describe('truncate, copy and checkpoint', () => {
  const feed = (context: NativeContext, slot: number, ids: readonly number[]): void => {
    for (let at = 0; at < ids.length; at += 16) {
      context.step([
        { slot, tokens: Uint32Array.from(ids.slice(at, at + 16)), sampler: null, topLogprobs: 0 },
      ]);
    }
  };
  const prompt = Array.from({ length: 100 }, (_, i) => (i * 11) % vocabSize);

  it('say from where to feed again, so that the answer is the cold one', () => {
    const context = openContext();
    const next = (slot: number): number | undefined =>
      context.step([
        { slot, tokens: tokens(5), sampler: addon.createSampler(GREEDY, vocabSize), topLogprobs: 0 },
      ])[0]?.token;
    feed(context, 0, prompt.slice(0, 50));
    const cold = next(0);
    feed(context, 0, prompt.slice(51));
    // One window block of 16 positions: 15 tokens again.
    expect(context.truncate(0, 50)).toBe(35);
    expect(context.length(0)).toBe(35);
    feed(context, 0, prompt.slice(35, 50));
    expect(next(0)).toBe(cold);
    expect(context.copy(0, 1, 50)).toBe(50);
    expect(next(1)).toBe(cold);
  });

  it('resume at a checkpoint', () => {
    const context = openContext();
    feed(context, 0, prompt.slice(0, 50));
    context.checkpoint(0, context.length(0));
    feed(context, 0, prompt.slice(50));
    expect(context.checkpoints(0)).toEqual([50]);
    expect(context.truncate(0, 50)).toBe(50);
    context.dropCheckpoint(0, 50);
    expect(context.checkpoints(0)).toEqual([]);
  });

  it('go on in another context after they were saved, through shared memory too', () => {
    const context = openContext();
    feed(context, 0, prompt.slice(0, 50));
    context.checkpoint(0, 50);
    const bytes = new Uint8Array(new SharedArrayBuffer(context.savedBytes(0, 50)));
    context.save(0, 50, bytes);
    const other = openContext();
    expect(other.restore(1, bytes)).toBe(50);
    feed(context, 0, prompt.slice(50));
    feed(other, 1, prompt.slice(50));
    expect(other.length(1)).toBe(prompt.length);
    expect(codeOf(() => other.restore(1, bytes.slice(1)))).toBe('invalid_request');
    expect(codeOf(() => other.restore(1, Float32Array.of(1) as unknown as Uint8Array))).toBe(
      'invalid_request',
    );
    expect(codeOf(() => other.save(1, 50, new Uint8Array(1)))).toBe('invalid_request');
  });

  it('refuse another token while a slot is being rebuilt', () => {
    const context = openContext();
    feed(context, 0, prompt);
    const from = context.truncate(0, 50);
    expect(codeOf(() => feed(context, 0, [(prompt[from] ?? 0) + 1]))).toBe('invalid_request');
  });
});

describe('close', () => {
  it('is harmless twice and turns every later call into an ordinary error', () => {
    const engine = openEngine();
    const context = engine.createContext(CONTEXT);
    context.close();
    context.close();
    engine.close();
    engine.close();
    context.close();
    const item = { slot: 0, tokens: tokens(1), sampler: null, topLogprobs: 0 };
    for (const run of [
      () => engine.tokenizer(),
      () => engine.predict(CONTEXT),
      () => engine.createContext(CONTEXT),
      () => context.step([item]),
      () => context.logits(0),
      () => context.length(0),
      () => context.truncate(0, 0),
      () => context.copy(0, 1, 0),
      () => context.checkpoint(0, 0),
      () => context.checkpoints(0),
      () => context.dropCheckpoint(0, 0),
      () => context.savedBytes(0, 0),
      () => context.save(0, 0, new Uint8Array()),
      () => context.restore(0, new Uint8Array()),
      () => context.memory(),
    ]) {
      expect(errorOf(run)).toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining('closed'),
      });
    }
    expect(engine.config.vocabSize).toBe(vocabSize);
  });

  it('of an engine closes its contexts', () => {
    const engine = openEngine();
    const context = engine.createContext(CONTEXT);
    engine.close();
    expect(codeOf(() => context.length(0))).toBe('invalid_request');
  });

  it('within a step, by a getter, is noticed', () => {
    const context = openContext();
    const item = {
      get slot() {
        context.close();
        return 0;
      },
      tokens: tokens(1),
      sampler: null,
      topLogprobs: 0,
    };
    expect(codeOf(() => context.step([item]))).toBe('invalid_request');
  });
});

describe('hostile arguments', () => {
  it('of every kind are ordinary errors', () => {
    const engine = openEngine();
    const context = engine.createContext({ ...CONTEXT, maxPromptBatchTokens: 32 });
    const sampler = addon.createSampler(GREEDY, vocabSize);
    const item = { slot: 0, tokens: tokens(1), sampler: null, topLogprobs: 0 };
    const refusing: readonly ((stranger: unknown) => unknown)[] = [
      (stranger) => call(addon.openEngine, stranger),
      (stranger) => call(addon.openEngine, { path: stranger, isa: '', numThreads: 0 }),
      (stranger) => call(addon.openEngine, { path, isa: '', numThreads: stranger }),
      (stranger) => call(addon.createSampler, stranger, vocabSize),
      (stranger) => call(addon.createSampler, { ...GREEDY, topK: stranger }, vocabSize),
      (stranger) => call(addon.createSampler, { ...GREEDY, repetitionPenalty: stranger }, vocabSize),
      (stranger) => call(addon.createSampler, { ...GREEDY, logitBias: [stranger] }, vocabSize),
      (stranger) => call(addon.createSampler, { ...GREEDY, logitBias: [[stranger, 1]] }, vocabSize),
      (stranger) => call(addon.createSampler, { ...GREEDY, seed: stranger }, vocabSize),
      (stranger) => call(addon.createSampler, GREEDY, stranger),
      (stranger) => call(addon.topLogprobs, stranger, 1),
      (stranger) => call(addon.topLogprobs, new Float32Array(3), stranger),
      (stranger) => call(sampler.accept, stranger),
      (stranger) => call(engine.predict, stranger),
      (stranger) => call(engine.createContext, stranger),
      (stranger) => call(engine.createContext, { ...CONTEXT, numSlots: stranger }),
      (stranger) => call(engine.createContext, { ...CONTEXT, kvType: stranger }),
      (stranger) => call(engine.createContext, { ...CONTEXT, precision: stranger }),
      (stranger) => call(context.step, stranger),
      (stranger) => call(context.step, [stranger]),
      (stranger) => call(context.step, [{ ...item, slot: stranger }]),
      (stranger) => call(context.step, [{ ...item, tokens: stranger }]),
      (stranger) => call(context.step, [{ ...item, topLogprobs: stranger }]),
      (stranger) => call(context.beginPromptStep, stranger),
      (stranger) => call(context.beginPromptStep, { ...item, slot: stranger }),
      (stranger) => call(context.beginPromptStep, { ...item, tokens: stranger }),
      (stranger) => call(context.logits, stranger),
      (stranger) => call(context.length, stranger),
      (stranger) => call(context.truncate, stranger, 0),
      (stranger) => call(context.truncate, 0, stranger),
      (stranger) => call(context.copy, 0, stranger, 0),
      (stranger) => call(context.checkpoint, stranger),
    ];
    const accepted: unknown[] = [];
    for (const refuse of refusing) {
      for (const stranger of STRANGERS) {
        try {
          refuse(stranger);
          accepted.push(stranger);
        } catch (error) {
          expect(error).toBeInstanceOf(CodexpcError);
        }
      }
      for (const thrown of [new RangeError('mine'), null, undefined, 'text']) {
        let caught: unknown = 'nothing';
        try {
          refuse(throwing(thrown));
        } catch (error) {
          caught = error;
        }
        // The caller's own exception passes through, or the argument was refused unread.
        if (!(caught instanceof CodexpcError)) expect(caught).toBe(thrown);
      }
    }
    // A penalty, two pairs of token and bias, a seed: nothing else here is legal.
    expect(accepted).toEqual([0.5, new Uint8Array(3), new Float64Array(3), 1n]);
    expect(context.length(0)).toBe(0);
  });

  it('are survived when methods are taken off their objects and called on others', () => {
    const engine = openEngine();
    const context = engine.createContext(CONTEXT);
    expect(Reflect.apply(context.length, engine, [0])).toBe(0);
    expect(Reflect.apply(context.length, null, [0])).toBe(0);
    expect(() => Reflect.construct(engine.tokenizer as never, [])).not.toThrow(/abort/);
    expect(
      codeOf(() => context.step([{ slot: 0, tokens: tokens(1), sampler: engine as never, topLogprobs: 0 }])),
    ).toBe('invalid_request');
  });

  it('include detached and shared buffers', () => {
    const context = openContext();
    const detached = tokens(1, 2, 3);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    const item = { slot: 0, tokens: detached, sampler: null, topLogprobs: 0 };
    expect(codeOf(() => context.step([item]))).toBe('invalid_request');
    const shared = new Uint32Array(new SharedArrayBuffer(8));
    context.step([{ ...item, tokens: shared }]);
    expect(context.length(0)).toBe(2);
    const leaving = tokens(1, 2);
    const batch = [
      { ...item, tokens: leaving },
      {
        get slot() {
          structuredClone(leaving.buffer, { transfer: [leaving.buffer] });
          return 1;
        },
        tokens: tokens(3),
        sampler: null,
        topLogprobs: 0,
      },
    ];
    context.step(batch);
    expect([context.length(0), context.length(1)]).toEqual([4, 1]);
  });

  it('include a step within a step', () => {
    const context = openContext();
    const inner = { slot: 0, tokens: tokens(1), sampler: null, topLogprobs: 0 };
    const outer = {
      ...inner,
      get slot() {
        context.step([inner]);
        return 0;
      },
    };
    context.step([outer]);
    expect(context.length(0)).toBe(2);
  });

  it('include logits that are no numbers', () => {
    expect(codeOf(() => addon.topLogprobs(Float32Array.of(1, NaN), 1))).toBe('invalid_request');
    expect(addon.topLogprobs(Float32Array.of(0, 0), 5)).toHaveLength(2);
  });
});

describe('several worker threads', () => {
  it('load the addon at once and leave at any time', async () => {
    const program = `
      const { parentPort, workerData } = require('node:worker_threads');
      const addon = require(workerData.addon);
      const engine = addon.openEngine({ path: workerData.path, isa: '', numThreads: 2 });
      const context = engine.createContext({ numSlots: 1, contextLength: 64, maxBatchTokens: 16, kvType: 'f16', precision: 'fast' });
      const sampler = addon.createSampler(workerData.greedy, engine.config.vocabSize);
      let token = 1;
      const drawn = [];
      for (let i = 0; i < 50; i += 1) {
        [{ token }] = context.step([{ slot: 0, tokens: Uint32Array.of(token), sampler, topLogprobs: 0 }]);
        drawn.push(token);
      }
      let code;
      try { context.length(-1); } catch (error) { code = error.code; }
      parentPort.postMessage({ drawn, code });
      setInterval(() => {}, 1000);
    `;
    const answers = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const worker = new Worker(program, {
          eval: true,
          workerData: { addon: ADDON, path, greedy: GREEDY },
        });
        const answer = await new Promise((resolve, reject) => {
          worker.once('message', resolve);
          worker.once('error', reject);
        });
        await worker.terminate();
        return answer as { drawn: readonly number[]; code: string };
      }),
    );
    for (const answer of answers) {
      expect(answer).toEqual(answers[0]);
      // Without setErrorClass: a plain error with the same code.
      expect(answer.code).toBe('invalid_request');
    }
  });
});
