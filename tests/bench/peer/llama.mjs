// llama.cpp as the benchmark's child: one task a message. See tasks.ts for what is asked. No build, no download: the
// package brings CPU variants, of which ggml takes the best for the processor.
import { getLlama, LlamaLogLevel } from 'node-llama-cpp';

const { path, threads, batch, contextLength, sequences, mmap } = JSON.parse(process.argv[2]);
const llama = await getLlama({
  build: 'never',
  gpu: false,
  logLevel: LlamaLogLevel.error,
  maxThreads: threads,
});
const model = await llama.loadModel({ modelPath: path, gpuLayers: 0, useMmap: mmap });
const context = await model.createContext({
  contextSize: contextLength,
  sequences,
  batchSize: batch,
  threads: { ideal: threads, min: threads },
  flashAttention: true,
});
const slots = Array.from({ length: sequences }, () => context.getSequence());

const feed = async (slot, tokens, wanted = {}) => {
  const last = [tokens.at(-1), { generateNext: { token: true, options: { temperature: 0 }, ...wanted } }];
  const results = await slot.controlledEvaluate([...tokens.slice(0, -1), last]);
  return results[tokens.length - 1].next;
};

const generate = async (slot, first, count) => {
  const options = { temperature: 0, yieldEogToken: true };
  let left = count;
  for await (const _ of slot.evaluate([first], options)) if (--left === 0) break;
};

const timed = async (work) => {
  const startedMs = performance.now();
  await work();
  return performance.now() - startedMs;
};

const tasks = {
  prefill: ({ tokens }) => timed(() => feed(slots[0], tokens)),
  decode: async ({ tokens, count }) => {
    const { token } = await feed(slots[0], tokens);
    return timed(() => generate(slots[0], token, count));
  },
  parallel: async ({ tokens, count }) => {
    const firsts = [];
    for (const slot of slots) firsts.push((await feed(slot, tokens)).token);
    return timed(() => Promise.all(slots.map((slot, i) => generate(slot, firsts[i], count))));
  },
  /** Logits by token after each of the last `count` tokens, fed one sequence. */
  logits: async ({ tokens, count }) => {
    const rows = [];
    const first = tokens.length - count;
    const input = tokens.map((token, i) =>
      i < first ? token : [token, { generateNext: { logits: true, options: { temperature: 0 } } }],
    );
    const results = await slots[0].controlledEvaluate(input);
    for (const result of results.slice(first)) rows.push([...result.next.logits.entries()]);
    return rows;
  },
};

process.on('message', async ({ task, ...request }) => {
  for (const slot of slots) await slot.clearHistory();
  process.send({ value: await tasks[task](request) });
});
process.send({ value: { threads: context.currentThreads, build: llama.llamaCppRelease?.release ?? '' } });
