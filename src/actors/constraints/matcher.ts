// Grammars over one vocabulary, matched token by token: the seam to xgrammar.

import type { CompiledGrammar, GrammarMatcher } from '@mlc-ai/web-xgrammar';
import { withAsciiSets } from '../../grammar/ebnf.js';
import { loadXgrammar } from './load-xgrammar.js';
import { mayBreakUtf8 } from './utf8-tokens.js';

/** (num_text_tokens + 1) offsets into bytes; ids from there to `vocabSize` are special tokens, which match nothing. */
export interface MatcherVocabulary {
  readonly bytes: Uint8Array;
  readonly offsets: Uint32Array;
  readonly vocabSize: number;
  /** What may end a text. */
  readonly ends: readonly number[];
}

export interface Matcher {
  /** Bit i % 32 of word i / 32: whether token i may come next; `end` may where the grammar is complete. */
  mask(): Promise<Uint32Array<ArrayBuffer>>;
  /** False for a token that may not come. */
  accept(token: number): boolean;
  /** `end` has been accepted. */
  isDone(): boolean;
  close(): void;
}

export interface MatcherFactory {
  /** Compiles EBNF that begins at `root`; the last ones are remembered. Throws what xgrammar says. */
  prepare(grammar: string): Promise<void>;
  create(grammar: string, end: number): Promise<Matcher>;
}

/** A compiled grammar over 200,000 tokens takes a few MB. */
const MAX_REMEMBERED = 32;

export const createMatcherFactory = async (vocabulary: MatcherVocabulary): Promise<MatcherFactory> => {
  const { GrammarCompiler, GrammarMatcher, TokenizerInfo } = loadXgrammar();
  const info = await TokenizerInfo.createTokenizerInfo(
    byteLevelTokens(vocabulary),
    'byte_level',
    false,
    vocabulary.vocabSize,
    [...vocabulary.ends],
  );
  const compiler = await GrammarCompiler.createGrammarCompiler(info, false);
  const remembered = new Map<string, CompiledGrammar>();

  const compile = async (grammar: string): Promise<CompiledGrammar> => {
    const known = remembered.get(grammar);
    const compiled = known ?? (await compiler.compileGrammar(withAsciiSets(grammar)));
    remembered.delete(grammar);
    remembered.set(grammar, compiled);
    const [oldest] = remembered;
    if (remembered.size > MAX_REMEMBERED && oldest !== undefined) {
      remembered.delete(oldest[0]);
      oldest[1].dispose();
    }
    return compiled;
  };

  return {
    prepare: async (grammar) => {
      await compile(grammar);
    },
    create: async (grammar, end) => {
      const matcher = await GrammarMatcher.createGrammarMatcher(await compile(grammar), [end]);
      return matcherOf(matcher, end, vocabulary.offsets.length - 1);
    },
  };
};

const matcherOf = (matcher: GrammarMatcher, end: number, numTextTokens: number): Matcher => ({
  mask: async () => {
    const mask = await matcher.getNextTokenBitmask();
    const words = new Uint32Array(mask.buffer as ArrayBuffer, mask.byteOffset, mask.length);
    // xgrammar leaves bits of special tokens set where nearly every token may come; `end` is right in any case.
    const mayEnd = (words[end >> 5]! >>> (end & 31)) & 1;
    const first = numTextTokens >> 5;
    words[first]! &= 2 ** (numTextTokens & 31) - 1;
    words.fill(0, first + 1);
    words[end >> 5]! |= mayEnd << (end & 31);
    return words;
  },
  accept: (token) => matcher.acceptToken(token),
  isDone: () => matcher.isTerminated(),
  close: () => matcher.dispose(),
});

/**
 * Tokens are bytes and need not be UTF-8, but go to xgrammar as strings: each byte as the character that byte-level
 * tokenizers (GPT-2's and after) print for it.
 */
const byteLevelTokens = ({ bytes, offsets }: MatcherVocabulary): string[] => {
  const characters: string[] = [];
  let numShifted = 0;
  for (let byte = 0; byte < 256; byte++) {
    const isPrinted = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    characters.push(String.fromCharCode(isPrinted ? byte : 0x100 + numShifted++));
  }
  return Array.from({ length: offsets.length - 1 }, (_, id) => {
    const token = bytes.subarray(offsets[id], offsets[id + 1]);
    if (mayBreakUtf8(token)) return ''; // which xgrammar never allows
    let text = '';
    for (const byte of token) text += characters[byte]!;
    return text;
  });
};
