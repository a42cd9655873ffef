// Which channel a word behind <|channel|> means: models glue roles and content to it, or stop early.

import { cutRepeated } from './header-words.js';

export const CHANNELS: readonly string[] = ['analysis', 'commentary', 'final'];

/** So much of a channel's name says which one is meant. */
const MIN_BEGUN_CHARS = 3;

export interface ChannelWord {
  /** Without what cannot be a name; empty: there is none. */
  readonly word: string;
  /** undefined: which channel is meant cannot be told. */
  readonly channel: string | undefined;
  /** The word is the channel's name, or that and what another marker begins with. */
  readonly isExact: boolean;
  /** Letters behind the name. */
  readonly glued: string;
}

export const readChannelWord = (whole: string): ChannelWord => {
  const cut = whole.replace(/<.*$/s, '');
  const word = cutRepeated(cut, 'assistant') || cut;
  if (word === '') return { word, channel: undefined, isExact: false, glued: '' };
  const begun = word.endsWith('analysis') ? 'analysis' : CHANNELS.find((channel) => word.startsWith(channel));
  const channel = begun ?? CHANNELS.find((name) => word.length >= MIN_BEGUN_CHARS && name.startsWith(word));
  const glued = begun !== undefined && word.startsWith(begun) ? word.slice(begun.length) : '';
  return { word, channel, isExact: cut === channel, glued };
};
