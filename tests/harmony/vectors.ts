// The official implementation's vectors (see tests/fixtures/harmony/README.md) and what tests need
// to hold ours against them.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Message } from '../../src/harmony/conversation.js';
import type { CrateConversation } from './crate-conversation.js';

// From build/js/tests/harmony to the source tree.
const FIXTURES = new URL('../../../../tests/fixtures/harmony/', import.meta.url);

export interface RenderCase {
  readonly id: string;
  readonly mode: 'completion' | 'conversation' | 'training';
  readonly next_role?: 'assistant' | 'user' | null;
  readonly auto_drop_analysis: boolean | null;
  readonly conversation: CrateConversation;
  readonly expect: { readonly text?: string; readonly tokens?: readonly number[]; readonly error?: string };
}

export interface VectorMessage {
  readonly role: string;
  readonly name?: string;
  readonly recipient?: string;
  readonly channel?: string;
  readonly content_type?: string;
  readonly content: string;
}

export interface ParseCase {
  readonly id: string;
  readonly tokens: readonly number[];
  readonly role: 'assistant' | 'user' | null;
  readonly strict: boolean;
  readonly expect: { readonly messages?: readonly VectorMessage[]; readonly error?: string };
}

/** [token, state, role, channel, recipient, content_type, delta, completed messages] */
export type StreamEvent = readonly [number | null, 'S' | 'H' | 'C', ...(string | number | null)[]];

export interface StreamCase {
  readonly id: string;
  readonly tokens: readonly number[];
  readonly role: 'assistant' | 'user' | null;
  readonly strict: boolean;
  readonly eos: boolean;
  readonly events: readonly StreamEvent[];
  readonly error: { readonly index: number | null; readonly message: string } | null;
  readonly messages: readonly VectorMessage[];
  readonly deltas_complete: boolean;
}

export interface TokenizeCase {
  readonly id: string;
  readonly text: string;
  readonly ordinary: readonly number[];
  readonly with_specials: readonly number[];
  readonly truncated?: Readonly<Record<string, readonly number[]>>;
}

const load = <Case>(name: string): readonly Case[] => {
  const text = readFileSync(fileURLToPath(new URL(`vectors/${name}.json`, FIXTURES)), 'utf8');
  return (JSON.parse(text) as { readonly cases: readonly Case[] }).cases;
};

export const renderCases = (): readonly RenderCase[] => load('render');
export const parseCases = (): readonly ParseCase[] => load('parse');
export const streamCases = (): readonly StreamCase[] => load('stream');
export const tokenizeCases = (): readonly TokenizeCase[] => load('tokenize');

/** A prompt of the official repository's own tests, without trailing newlines. */
export const officialPrompt = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`test-data/${name}.txt`, FIXTURES)), 'utf8').replace(/\n+$/, '');

/** A message as the vectors write it. */
export const toVector = ({
  role,
  name,
  recipient,
  channel,
  contentType,
  content,
}: Message): VectorMessage => ({
  role,
  ...(name === undefined ? {} : { name }),
  ...(recipient === undefined ? {} : { recipient }),
  ...(channel === undefined ? {} : { channel }),
  ...(contentType === undefined ? {} : { content_type: contentType }),
  content: content.map((part) => (part.type === 'text' ? part.text : '')).join(''),
});
