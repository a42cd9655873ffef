// `npm run eval:pocket`: the pocket model's skills, measured through the product's own engine, tokenizer and renderer.
//
// Reads models/pocket/eval/*.jsonl, generates with the scheduler that the daemon uses, and hands the completions to
// models/pocket/train/judge.py, the one judge there is (needs python3).

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { createGuides } from '../src/actors/constraints/guides.js';
import { createEngineLoop } from '../src/actors/engine-loop.js';
import { createPrefixCache } from '../src/actors/prefix-cache/prefix-cache.js';
import { unmarked } from '../src/actors/prompt-marks.js';
import { tokensToBytes } from '../src/actors/engine-frames.js';
import { loadAddon } from '../src/actors/load-addon.js';
import { buildConversation } from '../src/harmony/build-conversation.js';
import type {
  Conversation,
  JsonValue,
  Message,
  ReasoningEffort,
  ToolNamespaces,
} from '../src/harmony/conversation.js';
import { createRenderer, stopTokens } from '../src/harmony/renderer.js';
import { createTokenizer, type Tokenizer } from '../src/harmony/tokenizer.js';

interface CaseTool {
  readonly name: string;
  readonly description?: string;
  readonly parameters?: JsonValue;
  readonly namespace?: string;
  readonly namespace_description?: string;
}

interface CaseMessage {
  readonly role: 'developer' | 'user' | 'assistant' | 'tool';
  readonly content: string;
  readonly name?: string;
  readonly analysis?: string;
  readonly call?: { readonly name: string; readonly arguments: string };
}

interface Case {
  readonly id: string;
  readonly skill: string;
  readonly messages: readonly CaseMessage[];
  readonly tools: readonly CaseTool[];
  readonly effort: ReasoningEffort | null;
  readonly date?: string | null;
  /** A file of `bases/` whose messages come first and whose tools are declared. */
  readonly base?: string;
  readonly sampling?: { readonly temperature?: number };
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const NUM_SLOTS = 6;
const CONTEXT_LENGTH = 16_384;
const MAX_TOKENS = 400;

const main = async (): Promise<void> => {
  const options = new Command('eval-pocket')
    .description('Measures the skills of the pocket model on its held-out prompts.')
    .option('--checkpoint <file>', 'the weights', join(root, 'models/pocket/model.bin'))
    .option('--cases <folder>', 'prompts as JSON lines', join(root, 'models/pocket/eval'))
    .option('--skill <names...>', 'only these skills')
    .option('--limit <n>', 'at most so many prompts a skill', Number)
    .option('--seed <n>', 'of the sampling', Number, 1)
    .option('--out <file>', 'where to write the completions', join(root, 'build/eval-pocket.jsonl'))
    .parse()
    .opts<{
      checkpoint: string;
      cases: string;
      skill?: string[];
      limit?: number;
      seed: number;
      out: string;
    }>();

  const cases = selectCases(readCases(options.cases), options.skill, options.limit ?? Infinity);
  const started = performance.now();
  const completions = await complete(options.checkpoint, cases, options.seed);
  const lines = completions.map(({ id, completion }) => JSON.stringify({ id, completion })).join('\n');
  writeFileSync(options.out, `${lines}\n`);
  const numTokens = completions.reduce((sum, completion) => sum + completion.numTokens, 0);
  const seconds = (performance.now() - started) / 1000;
  process.stderr.write(
    `${cases.length} prompts, ${numTokens} tokens generated in ${seconds.toFixed(0)} s; completions in ${options.out}\n`,
  );
  const judge = spawnSync('python3', [join(root, 'models/pocket/train/judge.py'), options.cases], {
    input: lines,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  if (judge.error !== undefined) throw judge.error;
  process.exitCode = judge.status ?? 1;
};

interface Base {
  readonly messages: readonly CaseMessage[];
  readonly tools: readonly CaseTool[];
}

const readCases = (folder: string): Case[] => {
  const bases = new Map(
    readdirSync(join(folder, 'bases')).map((name) => [
      basename(name, '.json'),
      JSON.parse(readFileSync(join(folder, 'bases', name), 'utf8')) as Base,
    ]),
  );
  return readLines(folder).map((aCase) => {
    if (aCase.base === undefined) return aCase;
    const base = bases.get(aCase.base);
    if (base === undefined) throw new Error(`${aCase.id} names the unknown base ${aCase.base}`);
    return {
      ...aCase,
      messages: [...base.messages, ...aCase.messages],
      tools: [...base.tools, ...aCase.tools],
    };
  });
};

const readLines = (folder: string): Case[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort()
    .flatMap((name) => {
      const lines = readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean);
      if (lines.length === 0) throw new Error(`${basename(name)} holds no cases`);
      return lines.map((line) => JSON.parse(line) as Case);
    });

const selectCases = (
  cases: readonly Case[],
  skills: readonly string[] | undefined,
  limit: number,
): Case[] => {
  const taken = new Map<string, number>();
  return cases.filter(({ skill }) => {
    const count = taken.get(skill) ?? 0;
    if ((skills !== undefined && !skills.includes(skill)) || count >= limit) return false;
    taken.set(skill, count + 1);
    return true;
  });
};

interface Completion {
  readonly id: string;
  readonly completion: string;
  readonly numTokens: number;
}

/** Generates all cases, several at a time; cases that share a long prefix share its KV entries. */
const complete = (checkpoint: string, cases: readonly Case[], seed: number): Promise<Completion[]> =>
  new Promise((resolve, reject) => {
    const addon = loadAddon();
    const engine = addon.openEngine({ path: checkpoint, isa: '', numThreads: 0 });
    const context = engine.createContext({
      numSlots: NUM_SLOTS,
      contextLength: CONTEXT_LENGTH,
      maxBatchTokens: 128,
      kvType: 'f16',
      precision: 'exact',
    });
    const vocabulary = engine.tokenizer();
    const tokenizer = createTokenizer({
      pattern: vocabulary.pattern,
      tokens: { bytes: vocabulary.bytes, offsets: vocabulary.offsets },
      specialTokens: new Map(
        Object.entries(vocabulary.specialTokens).map(([name, id]) => [`<|${name}|>`, id]),
      ),
      vocabularySize: engine.config.vocabSize,
    });
    const renderer = createRenderer({ tokenizer });
    const stops = stopTokens(tokenizer);
    const generated = new Map<number, number[]>();
    const completions: Completion[] = [];
    let next = 0;

    const loop = createEngineLoop({
      context,
      createSampler: addon.createSampler,
      vocabSize: engine.config.vocabSize,
      numSlots: NUM_SLOTS,
      contextLength: CONTEXT_LENGTH,
      maxBatchTokens: 128,
      maxDraftTokens: 0,
      maxPromptBatchTokens: 0,
      cache: createPrefixCache({ memoryBytes: 0, disk: null, garbage: { add: () => {} }, note: () => {} }),
      guides: createGuides(vocabulary, engine.config.vocabSize),
      snapshots: false,
      hasLogits: true,
      prefixReuse: true,
      queueBound: cases.length,
      onFault: reject,
      report: (reports) => {
        for (const report of reports) {
          if (report.type === 'token') generated.get(report.id)!.push(report.token);
          if (report.type === 'failed') reject(new Error(`${cases[report.id]!.id}: ${report.error.message}`));
          if (report.type === 'finished') finish(report.id);
        }
      },
    });

    const submit = (index: number): void => {
      const aCase = cases[index]!;
      const { tokens } = renderer.renderCompletionPrompt(toConversation(aCase), { autoDropAnalysis: true });
      generated.set(index, []);
      loop.accept({
        type: 'submit',
        id: index,
        prompt: tokensToBytes(Uint32Array.from(tokens)),
        marks: unmarked(tokens.length),
        sampling: {
          temperature: aCase.sampling?.temperature ?? 1,
          topK: 0,
          topP: 1,
          minP: 0,
          repetitionPenalty: 1,
          presencePenalty: 0,
          frequencyPenalty: 0,
          logitBias: [],
          seed: BigInt(seed) * 1_000_003n + BigInt(index),
        },
        maxTokens: MAX_TOKENS,
        stopTokens: stops,
        topLogprobs: 0,
        credit: MAX_TOKENS,
        forced: new Uint8Array(),
        guidance: null,
        resumed: false,
      });
    };

    const finish = (index: number): void => {
      const tokens = generated.get(index)!;
      generated.delete(index);
      completions.push({
        id: cases[index]!.id,
        completion: textWithMarkers(tokenizer, tokens),
        numTokens: tokens.length,
      });
      if (completions.length % 100 === 0) process.stderr.write(`${completions.length} of ${cases.length}\n`);
      if (completions.length === cases.length) {
        loop.close();
        context.close();
        engine.close();
        resolve(completions);
      } else if (next < cases.length) {
        submit(next++);
      }
    };

    while (next < Math.min(NUM_SLOTS, cases.length)) submit(next++);
  });

/** Decodes runs of ordinary tokens and spells markers out, as the judge reads them. */
const textWithMarkers = (tokenizer: Tokenizer, tokens: readonly number[]): string => tokenizer.decode(tokens);

/** The first developer message shares its text with the tools; without one, the tools get a message of their own. */
const toConversation = ({ messages, tools, effort, date }: Case): Conversation => {
  const [system] = buildConversation({
    messages: [],
    ...(effort === null ? {} : { reasoningEffort: effort }),
    ...(date === undefined || date === null ? {} : { date }),
    ...(tools.length === 0 ? {} : { namespaces: toNamespaces(tools) }),
  }).messages;
  const namespaces = toNamespaces(tools);
  let described = tools.length === 0;
  const rest = messages.flatMap((message): Message[] => {
    const before: Message[] = [];
    const takeTools = (): { tools?: ToolNamespaces } => {
      if (described) return {};
      described = true;
      return { tools: namespaces };
    };
    if (message.role === 'developer') {
      return [
        {
          role: 'developer',
          content: [{ type: 'developer_content', instructions: message.content, ...takeTools() }],
        },
      ];
    }
    if (!described)
      before.push({ role: 'developer', content: [{ type: 'developer_content', ...takeTools() }] });
    return [...before, ...toMessages(message)];
  });
  return { messages: [system!, ...rest] };
};

const toMessages = (message: CaseMessage): Message[] => {
  const text = (content: string): Message['content'] => [{ type: 'text', text: content }];
  if (message.role === 'tool') {
    return [
      {
        role: 'tool',
        name: `functions.${message.name}`,
        recipient: 'assistant',
        channel: 'commentary',
        content: text(message.content),
      },
    ];
  }
  if (message.role !== 'assistant') return [{ role: message.role, content: text(message.content) }];
  if (message.call === undefined)
    return [{ role: 'assistant', channel: 'final', content: text(message.content) }];
  const analysis: Message[] =
    message.analysis === undefined
      ? []
      : [{ role: 'assistant', channel: 'analysis', content: text(message.analysis) }];
  return [
    ...analysis,
    {
      role: 'assistant',
      recipient: `functions.${message.call.name}`,
      channel: 'commentary',
      contentType: '<|constrain|>json',
      content: text(message.call.arguments),
    },
  ];
};

const toNamespaces = (tools: readonly CaseTool[]): ToolNamespaces => {
  const namespaces: Record<string, ToolNamespaces[string]> = {};
  for (const { namespace = 'functions', namespace_description: description, name, ...tool } of tools) {
    const earlier = namespaces[namespace];
    namespaces[namespace] = {
      name: namespace,
      ...(description === undefined ? {} : { description }),
      tools: [
        ...(earlier?.tools ?? []),
        {
          name,
          description: tool.description ?? '',
          parameters: tool.parameters ?? null,
        },
      ],
    };
  }
  return namespaces;
};

await main();
