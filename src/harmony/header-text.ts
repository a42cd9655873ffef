// What has come of a message's header so far, as the tolerant decoder collects it: text by the marker it stands behind. The
// same place keeps text between messages, which is a header too if it turns out to be an answer without one.

import type { Role } from './conversation.js';
import { createDetokenizer, type Detokenizer } from './detokenizer.js';
import type { RepairName } from './repairs.js';
import type { TokenTexts } from './token-texts.js';
import { readTolerantHeader, type HeaderPiece, type TolerantHeader } from './tolerant-header.js';
import type { ToolNames } from './tool-names.js';

/** How a header came about: by the prompt, by <|start|>, or by a marker that presupposes one. */
export type HeaderOrigin = 'prompt' | 'start' | 'implied';

export interface HeaderTextOptions {
  readonly texts: TokenTexts;
  readonly toolNames: ToolNames;
  /** Role whose header the prompt opened. */
  readonly promptRole: Role | undefined;
}

const MAX_PIECES = 16;

export class HeaderText {
  origin: HeaderOrigin;
  numChars = 0;
  numTextTokens = 0;
  readonly #options: HeaderTextOptions;
  readonly #detokenizer: Detokenizer;
  #pieces: HeaderPiece[] = [{ after: 'start', text: '' }];
  /** Of a header that began again or ended without content: counts where the new one says nothing. */
  #abandoned: HeaderPiece[] = [];
  /** At least as many as the text has words. */
  #numWords = 1;

  constructor(options: HeaderTextOptions) {
    this.#options = options;
    this.#detokenizer = createDetokenizer(options.texts);
    this.origin = options.promptRole === undefined ? 'implied' : 'prompt';
  }

  /** At least as many words as a reading could find. */
  get numWords(): number {
    return this.#numWords + this.#pieces.length;
  }

  get hasMarkers(): boolean {
    return this.#pieces.length > 1;
  }

  /** Without the markers. */
  get text(): string {
    return this.#pieces.map(({ text }) => text).join('');
  }

  get textWithMarkers(): string {
    return this.#pieces.map(({ after, text }) => (after === 'start' ? text : `<|${after}|>${text}`)).join('');
  }

  open(origin: HeaderOrigin): void {
    this.origin = origin;
    this.clear();
  }

  clear(): void {
    this.#pieces = [{ after: 'start', text: '' }];
    this.numChars = 0;
    this.#numWords = 1;
    this.numTextTokens = 0;
    this.#detokenizer.flush();
  }

  /** Takes a text token; its text counts only up to `maxChars`. */
  push(token: number, maxChars: number): void {
    this.numTextTokens++;
    const text = this.#detokenizer.push(token);
    if (this.numChars < maxChars) this.#add(text);
  }

  /** What the last tokens left unfinished belongs to the text. */
  flush(): void {
    this.#add(this.#detokenizer.flush());
  }

  /** Takes a marker; the repair that this needed, if any. */
  mark(after: 'channel' | 'constrain'): RepairName | null {
    const last = this.#pieces.at(-1)!;
    if (last.after === after && last.text.trim() === '')
      return after === 'channel' ? 'channel_repeated' : 'content_type_moved';
    const isFull = this.#pieces.length >= MAX_PIECES;
    if (isFull) this.#pieces.splice(1, 1);
    this.#pieces.push({ after, text: '' });
    return isFull ? 'header_overlong' : null;
  }

  /** The header that follows may refer to this one by leaving things out. */
  abandon(): void {
    this.#abandoned = this.#pieces;
  }

  forgetAbandoned(): void {
    this.#abandoned = [];
  }

  read(endsInMessage: boolean): TolerantHeader {
    const { promptRole, toolNames } = this.#options;
    const { origin } = this;
    const givenRole = origin === 'prompt' ? promptRole : origin === 'implied' ? 'assistant' : undefined;
    const mayStateRole = origin !== 'prompt';
    const reading = readTolerantHeader(this.#pieces, { givenRole, mayStateRole, toolNames, endsInMessage });
    const { channel, recipient } = reading.header;
    if (this.#abandoned.length === 0 || channel !== undefined || recipient !== undefined) return reading;
    return readTolerantHeader([...this.#abandoned, ...this.#pieces], {
      givenRole: 'assistant',
      mayStateRole: true,
      toolNames,
      endsInMessage,
    });
  }

  #add(text: string): void {
    this.#pieces.at(-1)!.text += text;
    this.numChars += text.length;
    for (let i = 0; i < text.length; i++) if (mayBeSpace(text.charCodeAt(i))) this.#numWords++;
  }
}

const mayBeSpace = (unit: number): boolean => unit <= 0x20 || unit >= 0x80;
