// A message header read for what the model meant. Well-formed headers come out exactly as the official
// parser reads them; for the rest see the table of malformations in `repairs.ts`.

import { CHANNELS, readChannelWord } from './channel-names.js';
import type { Role } from './conversation.js';
import { HeaderRecipient } from './header-recipient.js';
import { cutRepeated, wordFrom } from './header-words.js';
import type { DecodedHeader } from './message-kinds.js';
import { isRole } from './official-header.js';
import type { RepairName } from './repairs.js';
import type { ToolNames } from './tool-names.js';

/** Header text by the marker it follows; the first piece follows none (or <|start|>). */
export interface HeaderPiece {
  readonly after: 'start' | 'channel' | 'constrain';
  text: string;
}

export interface ReadOptions {
  /** Role whose header the prompt opened or that goes without saying. */
  readonly givenRole: Role | undefined;
  /** The given role may stand in the header as well: nothing before it did say it. */
  readonly mayStateRole: boolean;
  readonly toolNames: ToolNames;
  /** The header ended in <|message|>: then odd words are noise. Otherwise they may be the content. */
  readonly endsInMessage: boolean;
}

export interface TolerantHeader {
  readonly header: DecodedHeader;
  /** The recipient is not what the model wrote. */
  readonly isGuessed: boolean;
  /** A role, a known channel or a recipient was there: this is a header, not text. */
  readonly hasStructure: boolean;
  /** There is a channel marker, but which channel is meant cannot be told. */
  readonly isChannelUnclear: boolean;
  /** From the first word on that belongs to no header. */
  readonly rest: string;
  readonly repairs: readonly RepairName[];
}

const TYPE_WORD = /^(?:json|code)$/i;
const JSON_START = /[{[]/;

export const readTolerantHeader = (pieces: readonly HeaderPiece[], options: ReadOptions): TolerantHeader => {
  const reading = new HeaderReading(options);
  for (const piece of pieces) reading.readPiece(piece);
  return reading.result();
};

/** One pass over the words; fields are what is known so far. */
class HeaderReading {
  #role: Role | undefined;
  #name: string | undefined;
  /** A first word that is no role: a tool's name if the message turns out to be its output. */
  #author: string | undefined;
  #channel: string | undefined;
  #unknownChannel: string | undefined;
  /** A channel's name where its marker is missing; a marked one wins. */
  #unmarkedChannel: string | undefined;
  #hasEmptyChannel = false;
  #markedType: string | undefined;
  readonly #typeWords: string[] = [];
  #rest = '';
  /** Arguments have begun: nothing behind is a header any more. */
  #isInJson = false;
  readonly #repairs: RepairName[] = [];
  readonly #recipient: HeaderRecipient;

  constructor(readonly options: ReadOptions) {
    this.#recipient = new HeaderRecipient(options.toolNames, this.#repairs);
  }

  readPiece({ after, text }: HeaderPiece): void {
    let isFirst = true;
    let end = 0;
    for (let next = wordFrom(text, 0); next !== undefined; next = wordFrom(text, end)) {
      const { word, space } = next;
      end = next.end;
      if (this.#isInJson) this.#rest += space + word;
      else if (isFirst && after === 'start') this.#readFirstWord(space, word);
      else if (isFirst && after === 'channel') this.#readChannel(space, word);
      else if (isFirst && after === 'constrain') this.#readMarkedType(space, word);
      else this.#readWord(space, word);
      isFirst = false;
    }
    if (isFirst && after === 'channel') this.#noteEmptyChannel();
    if (isFirst && after === 'constrain') this.#markedType ??= '<|constrain|>';
    if (this.#rest !== '') this.#rest += text.slice(end);
  }

  result(): TolerantHeader {
    const { givenRole, endsInMessage } = this.options;
    this.#settleAuthor();
    this.#settleUnmarkedChannel();
    if (this.#channel === undefined && this.#unknownChannel !== undefined) {
      if (endsInMessage) this.#repairs.push('channel_unknown');
      else this.#rest = `${this.#unknownChannel}${this.#rest === '' ? '' : ` ${this.#rest}`}`;
    }
    const channel = this.#channel ?? (endsInMessage ? this.#unknownChannel : undefined);
    const isRoleMissing = this.#role === undefined && givenRole === undefined && this.#author === undefined;
    if (isRoleMissing) this.#repairs.push('role_missing');
    const role = this.#role ?? givenRole ?? 'assistant';
    if (role === 'assistant') this.#recipient.settle(channel);
    const recipient = this.#recipient.name;
    const contentType = this.#markedType ?? this.#typeWords.at(-1);
    if (this.#typeWords.length > (this.#markedType === undefined ? 1 : 0))
      this.#repairs.push('content_type_moved');
    else if (contentType !== undefined && recipient === undefined) this.#repairs.push('content_type_moved');
    if (endsInMessage && this.#rest !== '') this.#repairs.push('header_words');
    const header: { -readonly [Field in keyof DecodedHeader]: DecodedHeader[Field] } = { role };
    if (this.#name !== undefined) header.name = this.#name;
    if (recipient !== undefined) header.recipient = recipient;
    if (channel !== undefined) header.channel = channel;
    if (contentType !== undefined) header.contentType = contentType;
    return {
      header,
      isGuessed: this.#recipient.isGuessed,
      hasStructure: this.#role !== undefined || this.#channel !== undefined || recipient !== undefined,
      isChannelUnclear:
        this.#channel === undefined && (this.#hasEmptyChannel || this.#unknownChannel !== undefined),
      rest: this.#rest,
      repairs: this.#repairs,
    };
  }

  #readFirstWord(space: string, word: string): void {
    const { givenRole, mayStateRole } = this.options;
    const expected = givenRole ?? 'assistant';
    const withoutRole = cutRepeated(word, expected);
    if (withoutRole !== word && (withoutRole === '' || this.#isHeaderWord(withoutRole))) {
      this.#role = expected;
      const isRepeated = word.length - withoutRole.length > expected.length || !mayStateRole;
      if (isRepeated) this.#repairs.push('role_repeated');
      if (withoutRole !== '') this.#readWord('', withoutRole);
      return;
    }
    if (givenRole !== undefined) {
      this.#readWord(space, word);
      return;
    }
    if (isRole(word)) {
      this.#role = word;
      return;
    }
    if (this.#readUnmarkedChannel(word)) return;
    const named = /^(user|assistant|system|developer):(.+)$/.exec(word);
    if (named !== null) {
      this.#role = named[1] as Role;
      this.#name = named[2]!;
    } else if (word.startsWith('to=')) {
      this.#readWord(space, word);
    } else {
      this.#author = word;
      this.#rest += word;
    }
  }

  #isHeaderWord(word: string): boolean {
    return word.startsWith('to=') || (this.options.endsInMessage && CHANNELS.includes(word));
  }

  #readChannel(space: string, whole: string): void {
    if (CHANNELS.includes(whole)) {
      if (this.#channel !== undefined || this.#unknownChannel !== undefined)
        this.#repairs.push('channel_repeated');
      this.#channel ??= whole;
      return;
    }
    if (whole.startsWith('to=')) {
      this.#noteEmptyChannel();
      this.#readWord(space, whole);
      return;
    }
    const { word, channel, isExact, glued } = readChannelWord(whole);
    if (word === '') {
      this.#noteEmptyChannel();
      return;
    }
    if (this.#channel !== undefined || this.#unknownChannel !== undefined)
      this.#repairs.push('channel_repeated');
    else if (channel === undefined) this.#unknownChannel = word;
    if (channel === undefined) return;
    if (this.#channel === undefined) {
      this.#channel = channel;
      if (!isExact) this.#repairs.push('channel_mapped');
    }
    if (glued === '' || /^[\p{P}\p{S}]+$/u.test(glued.replace(JSON_START, 'x'))) return;
    if (glued.startsWith('to=') || !this.options.endsInMessage) this.#readWord(space, glued);
  }

  #noteEmptyChannel(): void {
    this.#repairs.push('channel_empty');
    this.#hasEmptyChannel = true;
  }

  #readMarkedType(space: string, word: string): void {
    if (word.startsWith('to=')) {
      this.#repairs.push('content_type_moved');
      this.#readWord(space, word);
      return;
    }
    const type = /^[A-Za-z][\w.+/-]*/.exec(word)?.[0] ?? '';
    if (this.#markedType !== undefined) this.#repairs.push('content_type_moved');
    else if (space !== '' && type !== '') this.#repairs.push('content_type_moved');
    if (this.#readUnmarkedChannel(type)) return;
    this.#markedType ??= `<|constrain|>${type}`;
    if (type.length < word.length) this.#readWord(type === '' ? space : '', word.slice(type.length));
  }

  #readWord(space: string, word: string): void {
    if (this.#isMeaningful(word)) return;
    // What stood between was dropped: the words around it must not spell a marker.
    const gap = space === '' && /<\S*$/.test(this.#rest) ? ' ' : space;
    this.#rest += (this.#rest === '' ? '' : gap) + word;
  }

  /** Takes in a word that belongs to a header; false for any other. */
  #isMeaningful(word: string): boolean {
    const { endsInMessage, givenRole } = this.options;
    if (word.startsWith('to=')) return this.#readRecipient(word.slice(3));
    if (this.#isInText) return false;
    if (JSON_START.test(word[0]!)) {
      this.#isInJson = true;
      return false;
    }
    const hasRecipient = this.#recipient.name !== undefined;
    if (TYPE_WORD.test(word) && (endsInMessage || hasRecipient)) {
      if (!hasRecipient) this.#repairs.push('content_type_moved');
      this.#typeWords.push(word);
      return true;
    }
    if (hasRecipient && this.#typeWords.length < 2 && /^[\w.+/-]{1,32}$/.test(word) && endsInMessage) {
      this.#typeWords.push(word);
      return true;
    }
    if (endsInMessage && word === (this.#role ?? givenRole)) {
      this.#repairs.push('role_repeated');
      return true;
    }
    if (this.#readUnmarkedChannel(word)) return true;
    // In running text a tool's short name may be any word; its full name is not.
    return (
      !hasRecipient && (endsInMessage || word.includes('.')) && this.#recipient.readBare(word, endsInMessage)
    );
  }

  /** Words that belong to no header came before. */
  get #isInText(): boolean {
    return this.#rest !== '' && this.#author !== this.#rest;
  }

  #readRecipient(word: string): boolean {
    if (this.#isInText && !this.#recipient.isMeantInText(word)) return false;
    const isFirst = this.#recipient.name === undefined;
    const behind = this.#recipient.read(word);
    if (isFirst && this.#recipient.name !== undefined && this.#markedType !== undefined)
      this.#repairs.push('content_type_moved');
    if (JSON_START.test(behind[0] ?? '')) {
      this.#isInJson = true;
      this.#rest += behind;
    }
    return true;
  }

  /** Only in a header that ended as one: in running text `final` is a word. */
  #readUnmarkedChannel(word: string): boolean {
    if (!this.options.endsInMessage) return false;
    const channel = CHANNELS.find((name) => word.endsWith(name));
    if (channel === undefined) return false;
    this.#unmarkedChannel ??= channel;
    return true;
  }

  #settleUnmarkedChannel(): void {
    if (this.#unmarkedChannel === undefined) return;
    if (this.#channel === undefined) {
      this.#channel = this.#unmarkedChannel;
      this.#repairs.push('channel_missing');
    } else {
      this.#repairs.push('channel_repeated');
    }
  }

  #settleAuthor(): void {
    const author = this.#author;
    if (author === undefined) return;
    const { endsInMessage } = this.options;
    const recipient = this.#recipient.name;
    const isOutput =
      recipient === 'assistant' || (endsInMessage && recipient === undefined && author.includes('.'));
    const isTool = recipient === undefined && endsInMessage && this.#recipient.readBare(author, true);
    if (!isTool && !isOutput) {
      if (endsInMessage) this.#repairs.push('role_unknown');
      return; // the author is part of the rest
    }
    if (!isTool) {
      this.#role = 'tool';
      this.#name = author;
      if (recipient === undefined) this.#repairs.push('recipient_empty');
    }
    this.#rest = this.#rest.slice(author.length).trimStart();
  }
}
