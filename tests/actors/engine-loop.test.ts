import { describe, expect, test } from '@jest/globals';
import { GREEDY_SAMPLING as GREEDY } from '../../src/actors/greedy-sampling.js';
import type { Guidance } from '../../src/actors/constraints/constraint.js';
import type { SequenceGuide } from '../../src/actors/constraints/sequence-guide.js';
import type { BatchItem, ContextOptions, NativeSampler } from '../../src/actors/engine-addon.js';
import { type EngineCommand, type EngineReport, tokensToBytes } from '../../src/actors/engine-frames.js';
import { createEngineLoop } from '../../src/actors/engine-loop.js';
import { guardGrammars } from '../../src/actors/memory-guard.js';
import { createPrefixCache, type SnapshotDisk } from '../../src/actors/prefix-cache/prefix-cache.js';
import { unmarked } from '../../src/actors/prompt-marks.js';
import {
  createScriptedAddon,
  NUM_PARTS,
  SPECIAL_TOKENS,
  type ScriptedOptions,
} from './fakes/scripted-addon.js';

const CONTEXT: ContextOptions = {
  numSlots: 2,
  contextLength: 1024,
  maxBatchTokens: 32,
  kvType: 'f16',
  precision: 'exact',
};

const UNGUIDED: SequenceGuide = { isReady: true, accept: () => {}, close: () => {} };

const promptOf = (text: string): Uint32Array => {
  const { start, message, end } = SPECIAL_TOKENS as Record<string, number>;
  const bytes = (part: string): number[] => [...Buffer.from(part)];
  return Uint32Array.from([
    start!,
    ...bytes('user'),
    message!,
    ...bytes(text),
    end!,
    start!,
    ...bytes('assistant'),
  ]);
};

const startLoop = (
  options: ScriptedOptions & {
    readonly queueBound?: number;
    readonly prefixReuse?: boolean;
    readonly hasLogits?: boolean;
    readonly cacheBytes?: number;
    readonly disk?: SnapshotDisk;
    readonly guide?: SequenceGuide;
    readonly prepareGuide?: (guidance: Guidance) => void;
    readonly maxDraftTokens?: number;
    readonly maxPromptBatchTokens?: number;
  } = {},
) => {
  const steps: (readonly BatchItem[])[] = [];
  const reports: EngineReport[] = [];
  const faults: unknown[] = [];
  const openSamplers = new Set<NativeSampler>();
  let onReport = (): void => {};
  const addon = createScriptedAddon({
    ...options,
    onStep: (items) => {
      steps.push(items.map((item) => ({ ...item, tokens: item.tokens.slice() })));
      options.onStep?.(items);
    },
  });
  const contextOptions = {
    ...CONTEXT,
    maxDraftTokens: options.maxDraftTokens ?? 0,
    maxPromptBatchTokens: options.maxPromptBatchTokens ?? 0,
  };
  const loop = createEngineLoop({
    ...contextOptions,
    context: addon.openEngine({ path: '', isa: '', numThreads: 1 }).createContext(contextOptions),
    createSampler: (...given) => {
      const sampler = addon.createSampler(...given);
      openSamplers.add(sampler);
      return { ...sampler, close: () => void openSamplers.delete(sampler) };
    },
    vocabSize: 264,
    prefixReuse: options.prefixReuse ?? true,
    snapshots: options.prefixReuse ?? true,
    hasLogits: options.hasLogits ?? true,
    cache: createPrefixCache({
      memoryBytes: options.cacheBytes ?? 0,
      disk: options.disk ?? null,
      garbage: { add: () => {} },
      note: () => {},
    }),
    guides: {
      prepare: options.prepareGuide ?? (() => {}),
      create: () => options.guide ?? UNGUIDED,
    },
    queueBound: options.queueBound ?? 8,
    report: (batch) => {
      reports.push(...batch);
      onReport();
    },
    onFault: (error) => {
      faults.push(error);
      onReport();
    },
  });
  const submit = (
    id: number,
    text: string,
    overrides: Partial<Extract<EngineCommand, { type: 'submit' }>> = {},
  ): void =>
    loop.accept({
      type: 'submit',
      id,
      prompt: tokensToBytes(promptOf(text)),
      marks: unmarked(promptOf(text).length),
      sampling: GREEDY,
      maxTokens: null,
      stopTokens: [SPECIAL_TOKENS['return']!, SPECIAL_TOKENS['call']!],
      topLogprobs: 0,
      credit: 1000,
      forced: new Uint8Array(),
      guidance: null,
      resumed: false,
      ...overrides,
    });
  const until = (matches: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      onReport = () => {
        if (matches()) resolve();
      };
      onReport();
    });
  const of = (id: number, type: EngineReport['type']) =>
    reports.filter((report) => report.type === type && 'id' in report && report.id === id);
  const ended = (...ids: readonly number[]) => until(() => ids.every((id) => of(id, 'finished').length > 0));
  const textOf = (id: number): string =>
    Buffer.from(
      reports.flatMap((report) =>
        report.type === 'token' && report.id === id && report.token < 256 ? [report.token] : [],
      ),
    ).toString();
  return { loop, submit, until, ended, of, textOf, steps, reports, faults, openSamplers };
};

describe('engine loop', () => {
  test('a long prompt does not stop a running answer', async () => {
    const { submit, ended, until, of, steps, textOf } = startLoop();
    submit(1, 'count 200');
    await until(() => of(1, 'token').length > 30);
    submit(2, `greet ${'word '.repeat(120)}`);
    await ended(1, 2);
    const shared = steps.filter((items) => items.length === 2);
    expect(shared.length).toBeGreaterThan(50);
    for (const items of shared.filter(
      ([first, second]) => first!.tokens.length + second!.tokens.length > 2,
    )) {
      const sizes = items.map(({ tokens }) => tokens.length).sort((left, right) => left - right);
      expect(sizes[0]).toBe(1); // the answer has its token in every step of the prompt
      expect(sizes[1]).toBeLessThanOrEqual(CONTEXT.maxBatchTokens / 4);
    }
    expect(textOf(1)).toBe(`final${'x'.repeat(200)}`);
    expect(textOf(2)).toBe('final1 messages');
  });

  describe('guessing ahead', () => {
    const LINE = 'const answer = 42; // of all';
    const text = `${LINE} ${LINE}! ${LINE}? ${LINE}`;
    const drafted = (steps: readonly (readonly BatchItem[])[]): number =>
      steps.flat().reduce((sum, { numDrafts = 0 }) => sum + numDrafts, 0);

    test('answers the same in fewer steps', async () => {
      const plain = startLoop();
      plain.submit(1, `say ${text}`);
      await plain.ended(1);
      const guessing = startLoop({ maxDraftTokens: 16 });
      guessing.submit(1, `say ${text}`);
      await guessing.ended(1);
      const tokensOf = ({ of }: typeof plain) => of(1, 'token');
      expect(tokensOf(guessing)).toEqual(tokensOf(plain));
      expect(guessing.steps.length).toBeLessThan(plain.steps.length / 2);
      const counts = guessing
        .of(1, 'drafted')
        .map((report) => report as Extract<EngineReport, { type: 'drafted' }>);
      expect(counts.reduce((sum, { drafted: count }) => sum + count, 0)).toBe(drafted(guessing.steps));
      expect(counts.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(
        tokensOf(plain).length - guessing.steps.filter(([item]) => item!.sampler !== null).length,
      );
    });

    test('goes on exactly in the next turn, after what was guessed wrongly', async () => {
      const { submit, ended, textOf, reports, steps } = startLoop({ maxDraftTokens: 16 });
      submit(1, `say ${text} and ${LINE.replace('42', '43')}`);
      await ended(1);
      submit(2, `say ${text} and ${LINE.replace('42', '43')}`);
      await ended(2);
      expect(textOf(2)).toBe(textOf(1));
      expect(textOf(1)).toContain('43');
      expect(reports.some((report) => report.type === 'drafted' && report.accepted < report.drafted)).toBe(
        true,
      );
      expect(drafted(steps)).toBeGreaterThan(0);
    });

    test.each([1, 2, 5, 33])('writes no more than %i tokens', async (maxTokens) => {
      const { submit, ended, of } = startLoop({ maxDraftTokens: 16 });
      submit(1, `say ${text}`, { maxTokens });
      await ended(1);
      expect(of(1, 'token')).toHaveLength(maxTokens);
      expect(of(1, 'finished')).toMatchObject([{ reason: 'length' }]);
    });

    test('never runs ahead of the credit', async () => {
      const { loop, submit, until, of } = startLoop({ maxDraftTokens: 16 });
      submit(1, `say ${text}`, { credit: 30 });
      await until(() => of(1, 'token').length >= 30);
      loop.accept({ type: 'credit', id: 1, tokens: 3 });
      await until(() => of(1, 'token').length >= 33);
      expect(of(1, 'token')).toHaveLength(33);
    });

    test('stops where the context is full', async () => {
      const { submit, ended, of } = startLoop({ maxDraftTokens: 16 });
      submit(1, `say ${'abcd'.repeat(200)}`);
      await ended(1);
      const prompt = promptOf(`say ${'abcd'.repeat(200)}`).length;
      expect(of(1, 'token')).toHaveLength(CONTEXT.contextLength - prompt + 1);
    });

    test.each([
      ['a penalty', { sampling: { ...GREEDY, presencePenalty: 0.5 } }],
      ['a constraint', { guidance: { kind: 'test' } as never }],
    ])('does not happen under %s', async (_, overrides) => {
      const { submit, ended, steps } = startLoop({ maxDraftTokens: 16 });
      submit(1, `say ${text}`, overrides);
      await ended(1);
      expect(drafted(steps)).toBe(0);
    });
  });

  test('forced tokens stand in for what is sampled first, and are fed like any other', async () => {
    const { submit, ended, textOf, steps } = startLoop();
    submit(1, 'say abcdef', { forced: tokensToBytes(Uint32Array.from(Buffer.from('XY'))) });
    await ended(1);
    const fed = steps.flat().map(({ tokens }) => Buffer.from(tokens).toString());
    expect(textOf(1).slice(0, 2)).toBe('XY');
    expect(fed.slice(-textOf(1).length - 2).join('')).toContain('XY');
  });

  test('a forced stop token ends the generation', async () => {
    const { submit, ended, of } = startLoop();
    const stop = SPECIAL_TOKENS['call']!;
    submit(1, 'say abcdef', { forced: tokensToBytes(Uint32Array.of(88, stop)) });
    await ended(1);
    expect(of(1, 'token')).toMatchObject([{ token: 88, logprob: 0 }, { token: stop }]);
  });

  test('a cancelled sequence is in no further step', async () => {
    const { loop, submit, until, of, steps } = startLoop();
    submit(1, 'count 500');
    await until(() => of(1, 'token').length === 20);
    loop.accept({ type: 'cancel', id: 1 });
    const numSteps = steps.length;
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(steps).toHaveLength(numSteps);
    expect(loop.numRunning()).toBe(0);
  });

  test('a prompt is cancelled between two chunks, and the retry goes on from there', async () => {
    const { loop, submit, until, of, ended, reports } = startLoop();
    const text = `say ${'word '.repeat(100)}`;
    submit(1, text);
    await until(() => of(1, 'prefill').length === 4);
    loop.accept({ type: 'cancel', id: 1 });
    submit(2, text);
    await ended(2);
    expect(reports.find((report) => report.type === 'started' && report.id === 2)).toMatchObject({
      cached: 128,
    });
  });

  describe('a long prompt in parts', () => {
    const LONG = `greet ${'word '.repeat(120)}`; // 600 bytes: three steps of 256
    /** So long that the loop looks for messages after every part. */
    const partMs = 60;
    /** What ran, in order: `A` an answer\'s step alone, `p` a part, `s` a step with prompt tokens in it. */
    const traced = (options: Parameters<typeof startLoop>[0] = {}) => {
      const trace: string[] = [];
      const loop = startLoop({
        maxPromptBatchTokens: 256,
        ...options,
        onStep: (items) => {
          trace.push(items.every(({ tokens }) => tokens.length === 1) ? 'A' : 's');
          options.onStep?.(items);
        },
        onPart: (item, numDone) => {
          if (numDone > 0) trace.push('p');
          options.onPart?.(item, numDone);
        },
      });
      return { ...loop, trace };
    };

    test('alone, is answered as in ordinary steps', async () => {
      const { submit, ended, textOf, of, trace } = traced();
      submit(1, LONG);
      await ended(1);
      expect(textOf(1)).toBe('final1 messages');
      expect(trace.join('').indexOf('A')).toBe(3 * NUM_PARTS);
      expect(trace).not.toContain('s');
      const done = of(1, 'prefill').map((report) => (report as { done: number }).done);
      expect(done).toEqual([...done].sort((left, right) => left - right));
      expect(done.at(-1)).toBe(promptOf(LONG).length);
      expect(done.filter((tokens) => tokens === promptOf(LONG).length)).toHaveLength(1);
    });

    test('a running answer has a token between any two parts', async () => {
      const { submit, ended, until, of, textOf, trace } = traced();
      submit(1, 'count 200');
      await until(() => of(1, 'token').length > 30);
      trace.length = 0;
      submit(2, LONG);
      await ended(1, 2);
      expect(trace.filter((what) => what === 'p')).toHaveLength(3 * NUM_PARTS);
      expect(trace.join('')).not.toContain('pp');
      expect(textOf(1)).toBe(`final${'x'.repeat(200)}`);
      expect(textOf(2)).toBe('final1 messages');
    });

    test('a shorter prompt is answered before it has been read', async () => {
      const { submit, ended, until, of, textOf, trace } = traced({ partMs });
      submit(1, LONG);
      await until(() => of(1, 'prefill').length > 0);
      submit(2, `say ${'quick '.repeat(2)}`);
      await until(() => of(2, 'token').length > 2);
      expect(of(1, 'token')).toHaveLength(0);
      expect(trace).toContain('s');
      await ended(1, 2);
      expect(textOf(1)).toBe('final1 messages');
      expect(textOf(2)).toBe(`final${'quick '.repeat(2)}`);
    });

    test('two of them take turns', async () => {
      const slots: number[] = [];
      const { submit, ended, textOf } = traced({
        onPart: ({ slot }, numDone) => void (numDone === 0 && slots.push(slot)),
      });
      submit(1, LONG);
      submit(2, LONG.replace('greet', 'meet'));
      await ended(1, 2);
      expect(slots.slice(0, 4)).toEqual([slots[0], slots[1], slots[0], slots[1]]);
      expect(slots[0]).not.toBe(slots[1]);
      expect(textOf(2)).toBe('final1 messages');
    });

    test('is cancelled between two parts, and the retry goes on from what the slot had before', async () => {
      let numParts = 0;
      const { loop, submit, of, ended, until, textOf, reports } = traced({
        partMs,
        onPart: () => {
          numParts += 1;
        },
      });
      submit(1, LONG);
      await until(() => of(1, 'prefill').length === NUM_PARTS + 2);
      loop.accept({ type: 'cancel', id: 1 });
      const numAtCancel = numParts;
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(numParts).toBe(numAtCancel);
      expect(loop.numRunning()).toBe(0);
      submit(2, LONG);
      await ended(2);
      expect(reports.find((report) => report.type === 'started' && report.id === 2)).toMatchObject({
        cached: 256,
      });
      expect(textOf(2)).toBe('final1 messages');
    });

    test('what begins like it takes over what its slot holds, in the middle of a step', async () => {
      const { submit, ended, until, of, textOf, reports } = traced({ partMs });
      submit(1, LONG);
      await until(() => of(1, 'prefill').length === NUM_PARTS + 2);
      submit(2, `${LONG.slice(0, 300)} and so on`);
      await ended(1, 2);
      expect(textOf(1)).toBe('final1 messages');
      expect(textOf(2)).toBe('final1 messages');
      expect(reports.filter((report) => report.type === 'started')).toHaveLength(2);
    });

    test('a part that fails is a fault of the engine', async () => {
      const broken = new Error('the part is broken');
      const { submit, until, faults } = traced({
        onPart: (_, numDone) => {
          if (numDone === 2) throw broken;
        },
      });
      submit(1, LONG);
      await until(() => faults.length > 0);
      expect(faults).toEqual([broken]);
    });

    test('is dropped when the model is unloaded, and what its slot held before is kept', async () => {
      const kept: number[] = [];
      const { loop, submit, until, of } = traced({
        partMs,
        disk: {
          boundBytes: 1e9,
          list: () => [],
          read: () => Promise.resolve(null),
          write: ({ tokens }) => void kept.push(tokens.length),
          remove: () => {},
          flush: () => Promise.resolve(),
          close: () => {},
        },
      });
      submit(1, LONG);
      await until(() => of(1, 'prefill').length === NUM_PARTS + 2);
      loop.close();
      await loop.keepAll();
      expect(kept).toEqual([256]);
    });
  });

  test('without credit a sequence stands still until it is granted more', async () => {
    const { loop, submit, until, of, ended, textOf } = startLoop();
    submit(1, 'count 50', { credit: 10 });
    submit(2, 'count 100');
    await ended(2);
    expect(of(1, 'token')).toHaveLength(10);
    loop.accept({ type: 'credit', id: 1, tokens: 5 });
    await until(() => of(1, 'token').length === 15);
    loop.accept({ type: 'credit', id: 1, tokens: 1000 });
    await ended(1);
    expect(textOf(1)).toBe(`final${'x'.repeat(50)}`);
  });

  test('the queue is fair, bounded, and lets a resumed one pass', async () => {
    const { submit, ended, of, reports } = startLoop({ queueBound: 3 });
    for (const id of [1, 2, 3]) submit(id, 'count 20');
    expect(of(3, 'failed')).toHaveLength(0);
    submit(4, 'say too many');
    submit(5, 'say resumed', { resumed: true });
    await ended(1, 2, 3, 5);
    expect(of(4, 'failed')).toMatchObject([{ error: { code: 'queue_full' } }]);
    const order = reports.flatMap((report) => (report.type === 'started' ? [report.id] : []));
    expect(order).toEqual([5, 1, 2, 3]);
  });

  test('a prompt longer than the context is refused with figures', async () => {
    const { submit, of, until } = startLoop();
    submit(1, 'x'.repeat(2000));
    await until(() => of(1, 'failed').length > 0);
    expect(of(1, 'failed')).toMatchObject([
      { error: { code: 'context_overflow', details: { contextLength: 1024 } } },
    ]);
  });

  test('a sampler that is refused fails its own request only', async () => {
    const { submit, ended, of } = startLoop({ refusedTemperature: 7 });
    submit(1, 'say hi', { sampling: { ...GREEDY, temperature: 7 } });
    submit(2, 'say hi');
    await ended(2);
    expect(of(1, 'failed')).toMatchObject([{ error: { code: 'unsupported_option' } }]);
  });

  test('bad numbers are a fault of the engine', async () => {
    const { submit, until, faults } = startLoop({
      onSample: (sampled, n) => (n === 3 ? { ...sampled, logprob: NaN } : sampled),
    });
    submit(1, 'say hi');
    await until(() => faults.length > 0);
    expect(faults[0]).toMatchObject({ code: 'engine_exited' });
  });

  const GUIDANCE: Guidance = {
    plan: { opening: [], messages: [] },
    grammars: ['root ::= "a"'],
    isPromised: true,
  };

  test('grammars are made ready while a request waits for its turn', async () => {
    const prepared: Guidance[] = [];
    const { submit, of, ended } = startLoop({ prepareGuide: (guidance) => void prepared.push(guidance) });
    ['say a', 'say b', 'say c'].forEach((text, index) => submit(index + 1, text, { guidance: GUIDANCE }));
    expect(prepared.length).toBe(3);
    expect(of(1, 'started')).toEqual([]);
    await ended(1, 2, 3);
  });

  test('without memory for grammars, what was promised is refused and what only helps is left out', async () => {
    const { submit, ended, of, textOf } = startLoop({
      guide: { ...UNGUIDED, isReady: false },
      prepareGuide: () => guardGrammars(0),
    });
    submit(1, 'say hi', { guidance: GUIDANCE });
    submit(2, 'say hi', { guidance: { ...GUIDANCE, isPromised: false } });
    submit(3, 'say hi');
    await ended(2, 3);
    expect(of(1, 'failed')).toMatchObject([{ error: { code: 'insufficient_memory' } }]);
    expect(textOf(2)).toBe(textOf(3));
  });

  test('on a backend without logits, what needs them is refused by name and ends nothing else', async () => {
    const guide = { ...UNGUIDED, isReady: false }; // whatever waits for it would never end
    const { submit, ended, of, textOf, faults } = startLoop({ hasLogits: false, guide });
    const plan = {} as Guidance['plan'];
    submit(1, 'say hi', { sampling: { ...GREEDY, topP: 0.9 } });
    submit(2, 'say hi', { topLogprobs: 3 });
    submit(3, 'say hi', { guidance: { plan, grammars: ['root ::= "a"'], isPromised: true } });
    submit(4, 'say hi', { guidance: { plan, grammars: ['root ::= "a"'], isPromised: false } }); // a tool's own
    submit(5, 'say hi');
    await ended(5);
    expect(of(3, 'failed')).toMatchObject([
      { error: { code: 'unsupported_option', message: expect.stringMatching(/^The option outputSchema/) } },
    ]);
    expect(of(4, 'failed')).toEqual([]);
    expect(textOf(4)).toBe(textOf(5));
    expect(of(1, 'failed')).toMatchObject([
      { error: { code: 'unsupported_option', message: expect.stringMatching(/^The option topP/) } },
    ]);
    expect(of(2, 'failed')).toMatchObject([{ error: { code: 'unsupported_option' } }]);
    expect(faults).toEqual([]);
  });

  test('without prefix reuse every prompt is fed from its beginning', async () => {
    const { submit, ended, reports } = startLoop({ prefixReuse: false });
    submit(1, 'say hi');
    await ended(1);
    submit(2, 'say hi');
    await ended(2);
    expect(reports.filter(({ type }) => type === 'started')).toMatchObject([{ cached: 0 }, { cached: 0 }]);
  });

  test('many requests of all sorts, cancelled at random, leave answers and slots right', async () => {
    const { loop, submit, until, of, textOf, openSamplers } = startLoop({ queueBound: 1000 });
    let seed = 7;
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below;
    const cancelled = new Set<number>();
    const base = 'A beginning that many of them share. '.repeat(3);
    const words = Array.from(
      { length: 40 },
      (_, id) => `${id % 3 === 0 ? base : ''}${'text '.repeat(random(20))}${id}`,
    );
    words.forEach((text, id) => submit(id, `say ${text}`, { credit: 4 }));
    for (let round = 0; ; round++) {
      const open = words
        .map((_, id) => id)
        .filter((id) => !cancelled.has(id) && of(id, 'finished').length === 0);
      if (open.length === 0) break;
      const id = open[random(open.length)]!;
      if (round % 30 === 29) {
        loop.accept({ type: 'cancel', id });
        cancelled.add(id);
      } else {
        for (const other of open) loop.accept({ type: 'credit', id: other, tokens: random(20) });
      }
      await until(() => true);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(loop.numRunning()).toBe(0);
    expect(openSamplers.size).toBe(0);
    words.forEach((text, id) => {
      if (!cancelled.has(id)) expect(textOf(id)).toBe(`final${text}`);
    });
    expect(cancelled.size).toBeGreaterThan(0);
  });
});
