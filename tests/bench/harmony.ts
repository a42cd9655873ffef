// Rendering a long conversation and decoding a long turn, on one core.

import { buildConversation } from '../../src/harmony/build-conversation.js';
import type { Conversation, Message, ToolDescription } from '../../src/harmony/conversation.js';
import { createDecoder, type DecoderOptions } from '../../src/harmony/decoder.js';
import { encodeMarkup } from '../../src/harmony/encode-markup.js';
import { createRenderer } from '../../src/harmony/renderer.js';
import { createTokenizer, type Tokenizer } from '../../src/harmony/tokenizer.js';
import { loadO200k } from '../harmony/o200k.js';

const NUM_MESSAGES = 200;
const NUM_TOOLS = 30;
const NUM_TOKENS = 1_000_000;

const main = (): void => {
  const tokenizer = createTokenizer(loadO200k());
  benchRenderer(tokenizer);
  const turn = encodeMarkup(tokenizer, TURN);
  const tokens = Array.from({ length: NUM_TOKENS }, (_, i) => turn[i % turn.length]!);
  const malformed = encodeMarkup(tokenizer, MALFORMED);
  const broken = Array.from({ length: NUM_TOKENS / 4 }, (_, i) => malformed[i % malformed.length]!);
  console.log('\ndecoding                          tokens/s    ns/token   heap bytes/token');
  const everything = { reasoning: true, preambles: true, toolArguments: true };
  for (const mode of ['strict', 'tolerant'] as const) {
    benchDecoder(`${mode}, final text`, tokens, { tokenizer, mode, tools: ['functions.shell'] });
    benchDecoder(`${mode}, all deltas`, tokens, {
      tokenizer,
      mode,
      tools: ['functions.shell'],
      include: everything,
    });
  }
  benchDecoder('tolerant, malformed', broken, { tokenizer, tools: ['functions.shell'] });
};

const benchRenderer = (tokenizer: Tokenizer): void => {
  const renderer = createRenderer({ tokenizer });
  // As a request brings it: every object is new, only the texts come again.
  const parse = (): Conversation => longConversation();
  const coldMs = timeMs(() => renderer.renderCompletionPrompt(parse()));
  const { tokens } = renderer.renderCompletionPrompt(parse());
  const warm: number[] = [];
  for (let run = 0; run < 50; run++) {
    const conversation = parse();
    warm.push(timeMs(() => renderer.renderCompletionPrompt(conversation)));
  }
  warm.sort((a, b) => a - b);
  console.log(`rendering ${NUM_MESSAGES} messages, ${NUM_TOOLS} tools, ${tokens.length} tokens:`);
  console.log(
    `  cold ${coldMs.toFixed(1)} ms, warm ${warm[25]!.toFixed(2)} ms (median of 50), ${warm[49]!.toFixed(2)} ms (worst)`,
  );
};

const benchDecoder = (name: string, tokens: readonly number[], options: DecoderOptions): void => {
  let bestMs = Infinity;
  let heapBytes = Infinity;
  for (let run = 0; run < 5; run++) {
    const decoder = createDecoder({ ...options, role: null });
    const before = process.memoryUsage().heapUsed;
    bestMs = Math.min(
      bestMs,
      timeMs(() => {
        for (let i = 0; i < tokens.length; i++) decoder.push(tokens[i]!);
        decoder.finish();
      }),
    );
    const grown = process.memoryUsage().heapUsed - before;
    if (grown > 0) heapBytes = Math.min(heapBytes, grown);
  }
  const perSecond = Math.round((tokens.length / bestMs) * 1000).toLocaleString('en');
  const ns = ((bestMs * 1e6) / tokens.length).toFixed(0);
  console.log(
    `${name.padEnd(28)} ${perSecond.padStart(13)} ${ns.padStart(11)} ${(heapBytes / tokens.length).toFixed(1).padStart(18)}`,
  );
};

const PARAGRAPH =
  'The scheduler keeps one slot for each conversation; a turn that begins like the last one goes on where its cache ends. ';

const TURN = [
  `<|start|>assistant<|channel|>analysis<|message|>${PARAGRAPH.repeat(6)}<|end|>`,
  '<|start|>assistant<|channel|>commentary<|message|>I look at the files first.<|end|>',
  '<|start|>assistant<|channel|>commentary to=functions.shell <|constrain|>json<|message|>{"command":["ls","-la"],"timeout_ms":1000}<|call|>',
  `<|start|>assistant<|channel|>final<|message|>${PARAGRAPH.repeat(6)}Größe, 漢字, 💖.<|return|>`,
].join('');

const MALFORMED = [
  '<|start|><|channel|>analysis<|message|>a b c<|channel|>d<|end|><|end|>junk text',
  '<|start|>assistant to=shell<|channel|>commentary<|channel|>commentary json{"a":1}<|call|>',
  '<|start|><|start|>assistantassistant<|channel|>final Hello there, dear user<|return|>',
].join('');

const longConversation = (): Conversation => {
  const messages: Message[] = [];
  for (let i = 0; messages.length < NUM_MESSAGES; i++) {
    messages.push({ role: 'user', content: text(`Question ${i}: ${PARAGRAPH.repeat(3)}`) });
    messages.push({
      role: 'assistant',
      channel: 'analysis',
      content: text(`Thought ${i}: ${PARAGRAPH.repeat(2)}`),
    });
    messages.push({
      role: 'assistant',
      channel: 'commentary',
      recipient: 'functions.tool_3',
      contentType: '<|constrain|>json',
      content: text(`{"path":"src/file_${i}.ts","limit":${i}}`),
    });
    messages.push({
      role: 'tool',
      name: 'functions.tool_3',
      recipient: 'assistant',
      channel: 'commentary',
      content: text(`{"lines":["${PARAGRAPH.repeat(8)}"],"i":${i}}`),
    });
    messages.push({
      role: 'assistant',
      channel: 'final',
      content: text(`Answer ${i}: ${PARAGRAPH.repeat(4)}`),
    });
  }
  return buildConversation({
    date: '2026-11-22',
    instructions: PARAGRAPH.repeat(40),
    tools: tools(),
    messages,
  });
};

const text = (value: string): Message['content'] => [{ type: 'text', text: value }];

const tools = (): ToolDescription[] =>
  Array.from({ length: NUM_TOOLS }, (_, i) => ({
    name: `tool_${i}`,
    description: `Does the thing number ${i}.\n${PARAGRAPH}`,
    parameters: {
      type: 'object',
      properties: {
        path: { type: 'string', description: 'Where to look.' },
        mode: { type: 'string', enum: ['fast', 'exact'], default: 'fast' },
        limit: { type: 'integer', description: 'How many at most.', default: 100 },
        filters: {
          type: 'array',
          items: { type: 'object', properties: { key: { type: 'string' }, value: { type: 'string' } } },
        },
      },
      required: ['path'],
    },
  }));

const timeMs = (work: () => unknown): number => {
  const started = performance.now();
  work();
  return performance.now() - started;
};

main();
