import { describe, expect, it } from '@jest/globals';

import { GREEDY_SAMPLING as GREEDY } from '../../src/actors/greedy-sampling.js';
import type { EngineSettings } from '../../src/actors/engine-control.js';
import { createEngineLoadCounter } from '../../src/actors/engine-load.js';
import {
  type EngineLink,
  type EngineLinkOptions,
  type Generation,
  type GenerationListener,
  startEngineLink,
} from '../../src/actors/engine-link.js';
import { unmarked } from '../../src/actors/prompt-marks.js';
import { CodexpcError } from '../../src/errors.js';

const SETTINGS: EngineSettings = {
  isolation: 'thread',
  numSlots: 1,
  contextLength: 64,
  maxBatchTokens: 16,
  maxPromptBatchTokens: 0,
  maxDraftTokens: 0,
  kvType: 'f16',
  precision: 'exact',
  denseWeights: 'stored',
  backend: 'cpu',
  isa: '',
  numThreads: 1,
  queueBound: 1,
  memoryBudgetBytes: 2 ** 30,
  beatMs: 1_000,
  prefixCache: { memoryBytes: 0, diskBytes: 0, folder: null, version: '1' },
};

const GENERATION: Generation = {
  prompt: Uint32Array.of(1, 2, 3),
  marks: unmarked(3),
  sampling: GREEDY,
  maxTokens: null,
  stopTokens: [],
  topLogprobs: 0,
  credit: 1,
  forced: new Uint32Array(),
  guidance: null,
  resumed: false,
  fingerprint: 'request',
};

const startLink = (options: Partial<EngineLinkOptions>): EngineLink =>
  startEngineLink({
    addonModule: null,
    settings: SETTINGS,
    fault: null,
    loadCounter: createEngineLoadCounter(),
    onReady: () => {},
    onNote: () => {},
    onLoading: () => {},
    onBeat: () => {},
    onExit: () => {},
    ...options,
  });

/** A worker that ends at once: its addon is not there. */
const endedLink = async (): Promise<EngineLink> => {
  let link!: EngineLink;
  await new Promise<void>((resolve) => {
    link = startLink({ addonModule: '/nowhere/codexpc.node', onExit: () => setImmediate(resolve) });
  });
  return link;
};

const listenTo = (onLost: (error: CodexpcError) => void): GenerationListener => ({
  started: () => {},
  prefilled: () => {},
  sampled: () => {},
  drafted: () => {},
  finished: () => {},
  failed: () => {},
  lost: onLost,
});

describe('an engine that went while a prompt was prepared', () => {
  it('loses the generation that is given to it, after generate has returned', async () => {
    const link = await endedLink();
    let hasReturned = false;
    const lost = new Promise<boolean>((resolve) => {
      link.generate(
        GENERATION,
        listenTo(() => resolve(hasReturned)),
      );
      hasReturned = true;
    });
    await expect(lost).resolves.toBe(true);
    expect(link.numQueued()).toBe(0);
  });

  it('says nothing of a generation that was cancelled', async () => {
    const link = await endedLink();
    const heard: CodexpcError[] = [];
    link
      .generate(
        GENERATION,
        listenTo((error) => heard.push(error)),
      )
      .cancel();
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(heard).toEqual([]);
  });

  it('answers no call, with the reason', async () => {
    const link = await endedLink();
    await expect(link.control.unload()).rejects.toMatchObject({ code: 'engine_start_failed' });
  });
});

describe('an engine that hears nothing', () => {
  it('is given up with what it was asked', async () => {
    const exited = new Promise<void>((resolve) => {
      const link = startLink({ fault: { kind: 'silent', atToken: 1, lives: 1 }, onExit: () => resolve() });
      const asked = link.control.unload();
      const lost = expect(asked).rejects.toMatchObject({ code: 'engine_unresponsive' });
      link.lose(new CodexpcError({ code: 'engine_unresponsive', message: 'It does not answer.' }));
      void lost.finally(() => link.terminate());
    });
    await exited;
    expect.assertions(1);
  });
});
