// What the modes of decoding have in common, seen from outside.

import type { Role } from './conversation.js';

/** A message's life: before it, its header, its content. */
export type DecoderState = 'between' | 'header' | 'body';

export interface DecoderCore {
  push(token: number): void;
  finish(): void;
  readonly state: DecoderState;
  /** Of the current message; of the one the prompt opened while its header is read. */
  readonly role: Role | undefined;
  /** The header so far, markers as text; empty outside a header. For the debug view only. */
  readonly headerText: string;
  /** A <|return|> or <|call|> ended the turn. */
  readonly hasEnded: boolean;
}
