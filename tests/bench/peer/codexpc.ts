// Our engine as the benchmark's child: one task a message (tasks.ts).

import type { NativeSampler } from '../../../src/actors/engine-addon.js';
import { loadAddon } from '../../../src/actors/load-addon.js';
import { greedySampler } from '../../../src/actors/logits.js';
import type { ProgramOptions, Task } from './tasks.js';

const { path, threads, batch, contextLength, sequences, precision } = JSON.parse(
  process.argv[2]!,
) as ProgramOptions;
const addon = loadAddon();
const engine = addon.openEngine({ path, isa: '', numThreads: threads });
for (let done = 0; done < engine.fileBytes;) done = engine.pageIn(done, 1000); // as the daemon does while it loads
const context = engine.createContext({
  numSlots: sequences,
  contextLength,
  maxBatchTokens: batch,
  kvType: 'f16', // as llama.cpp
  precision,
});
const { vocabSize } = engine.config;
const sampler = greedySampler(addon, vocabSize);

const item = (slot: number, tokens: readonly number[], wanted: NativeSampler | null) => ({
  slot,
  tokens: Uint32Array.from(tokens),
  sampler: wanted,
  topLogprobs: 0,
});

const feed = (slot: number, tokens: readonly number[]): number => {
  let next = 0;
  for (let at = 0; at < tokens.length; at += batch) {
    const chunk = tokens.slice(at, at + batch);
    const isLast = at + chunk.length === tokens.length;
    const [sampled] = context.step([item(slot, chunk, isLast ? sampler : null)]);
    next = sampled?.token ?? next;
  }
  return next;
};

const generate = (slots: readonly number[], firsts: readonly number[], count: number): void => {
  let tokens = firsts;
  for (let i = 0; i < count; i += 1) {
    tokens = context
      .step(slots.map((slot, at) => item(slot, [tokens[at]!], sampler)))
      .map((sampled) => sampled!.token);
  }
};

const timed = (work: () => void): number => {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
};

const answer = (request: Task): unknown => {
  const { tokens } = request;
  switch (request.task) {
    case 'prefill':
      return timed(() => feed(0, tokens));
    case 'decode': {
      const first = feed(0, tokens);
      return timed(() => generate([0], [first], request.count));
    }
    case 'parallel': {
      const slots = Array.from({ length: sequences }, (_, slot) => slot);
      const firsts = slots.map((slot) => feed(slot, tokens));
      return timed(() => generate(slots, firsts, request.count));
    }
    case 'logits': {
      const first = tokens.length - request.count;
      if (first > 0) feed(0, tokens.slice(0, first));
      return tokens.slice(first).map((token) => {
        context.step([item(0, [token], sampler)]);
        return Array.from(context.logits(0), (logit, id) => [id, logit]);
      });
    }
  }
};

process.on('message', (request: Task) => {
  for (let slot = 0; slot < sequences; slot += 1) context.truncate(slot, 0);
  process.send!({ value: answer(request) });
});
process.send!({ value: { kernels: engine.kernels, threads: engine.numThreads, config: engine.config } });
