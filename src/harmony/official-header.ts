// A message header read exactly as the official parser (openai/harmony 0.0.8) reads it, errors included.

import type { Role } from './conversation.js';
import type { DecodedHeader } from './message-kinds.js';

const CHANNEL = '<|channel|>';
const CONSTRAIN = '<|constrain|>';

export interface OfficialHeader {
  readonly header: DecodedHeader;
  /** Words that are no part of a header, joined by single spaces. */
  readonly rest: string | undefined;
}

/**
 * `text` is the header with markers as text. `readsRecipient` is false for a header that a stop token
 * ended: all words behind role and channel are then content. Throws Error with the official sentence.
 */
export const readOfficialHeader = (
  text: string,
  givenRole: Role | undefined,
  readsRecipient: boolean,
): OfficialHeader => {
  const { channel, rest: withoutChannel } = cutChannel(text);
  const words = splitAsciiWhiteSpace(trim(withoutChannel).replaceAll(CONSTRAIN, ` ${CONSTRAIN}`));
  let role = givenRole;
  let name: string | undefined;
  if (role === undefined) {
    const first = words[0];
    if (first === undefined) throw new Error('message header did not contain a role');
    if (isRole(first)) {
      role = first;
    } else if (words.length > 1 || first.startsWith('to=')) {
      role = 'tool';
      words.shift();
    } else {
      throw new Error(`Unknown role: ${first}`);
    }
    if (role === 'tool') name = first;
  }
  if (words[0] === role) words.shift();

  let recipient: string | undefined;
  let contentType: string | undefined;
  if (readsRecipient && words.length > 0) {
    const isOnlyWord = words.length === 1;
    const last = words.pop()!;
    if (last.startsWith('to=') || isOnlyWord) {
      recipient = withoutTo(last);
    } else {
      contentType = last;
      recipient = withoutTo(words.pop()!);
    }
  }
  const header: DecodedHeader = {
    role,
    ...(name === undefined ? {} : { name }),
    ...(recipient === undefined ? {} : { recipient }),
    ...(channel === undefined ? {} : { channel }),
    ...(contentType === undefined ? {} : { contentType }),
  };
  return { header, rest: words.length > 0 ? words.join(' ') : undefined };
};

export const isRole = (word: string): word is Role =>
  word === 'user' || word === 'assistant' || word === 'system' || word === 'developer' || word === 'tool';

const cutChannel = (text: string): { readonly channel: string | undefined; readonly rest: string } => {
  const at = text.indexOf(CHANNEL);
  if (at === -1) return { channel: undefined, rest: text };
  const after = text.slice(at + CHANNEL.length);
  const channel = /^[^\p{White_Space}<]*/u.exec(after)![0];
  if (channel === '') throw new Error('channel marker present but no channel value found in header');
  return { channel, rest: text.slice(0, at) + after.slice(channel.length) };
};

const withoutTo = (word: string): string => (word.startsWith('to=') ? word.slice(3) : word);

const trim = (text: string): string => text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, '');

const splitAsciiWhiteSpace = (text: string): string[] =>
  text.split(/[ \t\n\f\r]+/).filter((word) => word !== '');
