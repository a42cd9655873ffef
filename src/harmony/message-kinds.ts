// What a message is, decided by its header, and whether it is complete, decided by its end.

import type { Role } from './conversation.js';
import type { ItemStatus } from './events.js';

/** A header as it was read; `contentType` keeps its marker, because history is rendered with it. */
export interface DecodedHeader {
  readonly role: Role;
  readonly name?: string;
  readonly recipient?: string;
  readonly channel?: string;
  readonly contentType?: string;
}

/**
 * `undecided`: its channel cannot be told. Answers end in <|return|> and reasoning in <|end|>, so its end
 * decides what it was; until then nothing of it is delivered.
 */
export type MessageKind = 'final' | 'preamble' | 'reasoning' | 'call' | 'hidden' | 'undecided';

/** What was decided about a message when its header was read. */
export interface MessageTraits {
  readonly kind: MessageKind;
  readonly isDeclared: boolean;
  /** A call whose argument is a text, not JSON. */
  readonly isFreeform: boolean;
  readonly isGuessed: boolean;
}

export type Ending = 'call' | 'return' | 'end' | 'interrupted' | 'input';

/** Roles that are nobody's tool: a message to them is an ordinary message. */
const NO_TOOLS: ReadonlySet<string> = new Set(['', 'all', 'assistant', 'user', 'system', 'developer']);

export const isToolName = (recipient: string | undefined): recipient is string =>
  recipient !== undefined && !NO_TOOLS.has(recipient);

/** What a message is for. A call is known by its recipient, whatever the channel. */
export const kindOf = ({ role, recipient, channel }: DecodedHeader): MessageKind => {
  if (role !== 'assistant') return 'hidden';
  if (isToolName(recipient)) return 'call';
  switch (channel) {
    case undefined:
    case 'final':
      return 'final';
    case 'commentary':
      return 'preamble';
    case 'analysis':
      return 'reasoning';
    default:
      return 'hidden';
  }
};

export const statusOf = (
  { kind, isFreeform }: MessageTraits,
  ending: Ending,
  text: string,
  { recipient, contentType }: DecodedHeader,
): ItemStatus => {
  if (kind !== 'call') return ending === 'input' ? 'incomplete' : 'completed';
  if (ending === 'call') return 'completed';
  // Free text has no visible end; JSON has.
  if (isFreeform) return ending === 'input' ? 'incomplete' : 'completed';
  if (ending !== 'input' && (recipient === 'python' || contentType === 'code')) return 'completed';
  return isJson(text) ? 'completed' : 'incomplete';
};

export const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/**
 * The text of a freeform call that the model wrote as JSON although it was asked for the text itself: a string, or an
 * object of one string. Undefined for anything else, which is taken as it stands.
 */
export const unwrapJson = (text: string): string | undefined => {
  if (!isJson(text)) return undefined;
  const value: unknown = JSON.parse(text);
  if (typeof value === 'string') return value;
  const members: unknown[] = typeof value === 'object' && value !== null ? Object.values(value) : [];
  return members.length === 1 && typeof members[0] === 'string' ? members[0] : undefined;
};
