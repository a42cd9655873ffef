// Token streams for the decoder that reads what a model writes. A byte of the input is a marker, a word of a header or a
// text token, so that mutation of bytes is mutation of what the decoder sees.

import { createTokenizer, type Tokenizer } from '../../src/harmony/tokenizer.js';
import { runDecoder } from '../harmony/decoder-run.js';
import { loadO200k, truncate } from '../harmony/o200k.js';

const TOOLS = ['functions.f', 'functions.shell', 'browser.search', 'python'];
const WORDS = [
  ...[
    'assistant',
    'analysis',
    'final',
    'commentary',
    ' to',
    '=',
    ' to=functions.f',
    ' to=assistant',
    'functions',
  ],
  ...[
    '.f',
    'json',
    ' code',
    'user',
    'tool',
    ':',
    'Hello',
    '\n',
    ' ',
    '{"a":1}',
    '{',
    '}',
    '💖',
    ' <',
    '|',
    '>',
  ],
];
/** As many ranks as the pocket model has. */
const NUM_TEXT_TOKENS = 7_152;
/** No token, or none that a model may sample. */
const ODD_IDS = [-1, 1.5, NaN, 2 ** 32, NUM_TEXT_TOKENS + 1_000];

interface Alphabet {
  readonly tokenizer: Tokenizer;
  /** What each byte stands for. */
  readonly pieces: readonly (readonly number[])[];
}

const createAlphabet = (): Alphabet => {
  const tokenizer = createTokenizer(truncate(loadO200k(), NUM_TEXT_TOKENS));
  const first = [
    ...Object.values(tokenizer.harmony).map((id) => [id]),
    ...WORDS.map((word) => [...tokenizer.encode(word)]),
    ...ODD_IDS.map((id) => [id]),
  ];
  const text = Array.from({ length: 256 - first.length }, (_, index) => [index * 30]);
  return { tokenizer, pieces: [...first, ...text] };
};

let alphabet: Alphabet | null = null;

/** Throws where the decoder loses a token, shows a marker, or streams something else than it completes. */
export const decodeTokens = (input: Uint8Array): void => {
  alphabet ??= createAlphabet();
  const { tokenizer, pieces } = alphabet;
  const tokens = [...input].flatMap((byte) => pieces[byte] as readonly number[]);
  const isText = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < NUM_TEXT_TOKENS;
  // Text that spells a marker is text: it may be shown, and no check could tell it from one.
  if (tokenizer.decode(tokens.filter(isText)).includes('<|')) return;
  const { events, messages, decoder } = runDecoder(tokens, {
    tokenizer,
    tools: TOOLS,
    include: { reasoning: true, preambles: true, toolArguments: true },
  });
  const shown = messages.map(({ name, recipient, channel, content }) => [name, recipient, channel, content]);
  if (JSON.stringify([shown, events]).includes('<|')) throw new Error('a marker is shown');
  const { total, ...parts } = decoder.usage;
  const counted = Object.values(parts).reduce((sum, count) => sum + count, 0);
  if (total !== tokens.length || counted !== total)
    throw new Error(`${tokens.length} tokens, ${total} of them taken and ${counted} counted`);
  const streamed = new Map<number, string>();
  for (const event of events) {
    if (event.type === 'repaired') continue;
    const text = streamed.get(event.itemIndex) ?? '';
    if (event.type !== 'output_item.done') streamed.set(event.itemIndex, text + event.delta);
    else if (text !== (event.item.type === 'tool_call' ? event.item.arguments : event.item.text))
      throw new Error(`item ${event.itemIndex} is not what was streamed of it`);
  }
  if (decoder.finish().length > 0) throw new Error('something comes behind the end');
};
