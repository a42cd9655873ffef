// A message header read for what the model meant. Well-formed headers come out exactly as the official
// parser reads them; for the rest see the table of malformations in `repairs.ts`.

import type { Role } from './conversation.js';
import { isToolName, type DecodedHeader } from './message-kinds.js';
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

const CHANNELS = ['analysis', 'commentary', 'final'];
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
  #recipient: string | undefined;
  #markedType: string | undefined;
  readonly #typeWords: string[] = [];
  #isGuessed = false;
  #rest = '';
  /** Arguments have begun: nothing behind is a header any more. */
  #isInJson = false;
  readonly #repairs: RepairName[] = [];

  constructor(readonly options: ReadOptions) {}

  readPiece({ after, text }: HeaderPiece): void {
    let isFirst = true;
    let end = 0;
    for (let start = endOfSpace(text, 0); start < text.length; start = endOfSpace(text, end)) {
      const space = text.slice(end, start);
      end = endOfWord(text, start);
      const word = text.slice(start, end);
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
    if (role === 'assistant') this.#settleRecipient(channel);
    const contentType = this.#markedType ?? this.#typeWords.at(-1);
    if (this.#typeWords.length > (this.#markedType === undefined ? 1 : 0))
      this.#repairs.push('content_type_moved');
    else if (contentType !== undefined && this.#recipient === undefined)
      this.#repairs.push('content_type_moved');
    if (endsInMessage && this.#rest !== '') this.#repairs.push('header_words');
    const header: { -readonly [Field in keyof DecodedHeader]: DecodedHeader[Field] } = { role };
    if (this.#name !== undefined) header.name = this.#name;
    if (this.#recipient !== undefined) header.recipient = this.#recipient;
    if (channel !== undefined) header.channel = channel;
    if (contentType !== undefined) header.contentType = contentType;
    return {
      header,
      isGuessed: this.#isGuessed,
      hasStructure: this.#role !== undefined || this.#channel !== undefined || this.#recipient !== undefined,
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
    const cut = whole.replace(/<.*$/s, '');
    const word = cutRepeated(cut, 'assistant') || cut;
    if (word === '') {
      this.#noteEmptyChannel();
      return;
    }
    const begun = word.endsWith('analysis')
      ? 'analysis'
      : CHANNELS.find((channel) => word.startsWith(channel));
    const meant = begun ?? CHANNELS.find((channel) => word.length >= 3 && channel.startsWith(word));
    if (meant === undefined) {
      if (this.#channel !== undefined || this.#unknownChannel !== undefined)
        this.#repairs.push('channel_repeated');
      else this.#unknownChannel = word;
      return;
    }
    if (this.#channel !== undefined || this.#unknownChannel !== undefined)
      this.#repairs.push('channel_repeated');
    if (this.#channel === undefined) {
      this.#channel = meant;
      if (cut !== meant) this.#repairs.push('channel_mapped');
    }
    const glued = begun !== undefined && word.startsWith(begun) ? word.slice(begun.length) : '';
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
    if (!this.#isMeaningful(word)) this.#rest += (this.#rest === '' ? '' : space) + word;
  }

  /** Takes in a word that belongs to a header; false for any other. */
  #isMeaningful(word: string): boolean {
    const { toolNames, endsInMessage, givenRole } = this.options;
    if (word.startsWith('to=')) return this.#readRecipient(word.slice(3));
    if (this.#rest !== '' && this.#author !== this.#rest) return false;
    if (JSON_START.test(word[0]!)) {
      this.#isInJson = true;
      return false;
    }
    if (TYPE_WORD.test(word) && (endsInMessage || this.#recipient !== undefined)) {
      if (this.#recipient === undefined) this.#repairs.push('content_type_moved');
      this.#typeWords.push(word);
      return true;
    }
    if (
      this.#recipient !== undefined &&
      this.#typeWords.length < 2 &&
      /^[\w.+/-]{1,32}$/.test(word) &&
      endsInMessage
    ) {
      this.#typeWords.push(word);
      return true;
    }
    if (endsInMessage && word === (this.#role ?? givenRole)) {
      this.#repairs.push('role_repeated');
      return true;
    }
    if (this.#readUnmarkedChannel(word)) return true;
    // In running text a tool's short name may be any word; its full name is not.
    if (this.#recipient === undefined && (endsInMessage || word.includes('.'))) {
      const tool = endsInMessage ? toolNames.match(word) : toolNames.isDeclared(word) ? word : undefined;
      if (tool !== undefined) {
        this.#guessRecipient(tool, 'recipient_bare');
        return true;
      }
    }
    return false;
  }

  #readRecipient(word: string): boolean {
    const name = /^[^<{[]*/.exec(word)![0];
    const { toolNames } = this.options;
    const isInText = this.#rest !== '' && this.#author !== this.#rest;
    if (isInText && !name.startsWith('functions.') && toolNames.match(name) === undefined) return false;
    if (name === '') {
      this.#repairs.push('recipient_empty');
    } else if (this.#recipient === undefined) {
      this.#recipient = name;
      if (this.#markedType !== undefined) this.#repairs.push('content_type_moved');
    } else {
      this.#repairs.push('recipient_repeated');
      if (name !== this.#recipient) this.#isGuessed = true;
    }
    const behind = word.slice(name.length);
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
    const { toolNames, endsInMessage } = this.options;
    const isOutput =
      this.#recipient === 'assistant' ||
      (endsInMessage && this.#recipient === undefined && author.includes('.'));
    const tool = toolNames.match(author);
    if (this.#recipient === undefined && tool !== undefined && endsInMessage) {
      this.#guessRecipient(tool, 'recipient_bare');
    } else if (isOutput) {
      this.#role = 'tool';
      this.#name = author;
      if (this.#recipient === undefined) this.#repairs.push('recipient_empty');
    } else {
      if (endsInMessage) this.#repairs.push('role_unknown');
      return; // the author is part of the rest
    }
    this.#rest = this.#rest.slice(author.length).trimStart();
  }

  #settleRecipient(channel: string | undefined): void {
    const recipient = this.#recipient;
    const { toolNames } = this.options;
    if (!isToolName(recipient) || toolNames.isDeclared(recipient)) return;
    const tool = toolNames.match(recipient);
    if (tool !== undefined) {
      this.#guessRecipient(tool, 'recipient_matched');
    } else if (channel === 'final' && !recipient.includes('.')) {
      this.#recipient = undefined;
      this.#repairs.push('recipient_dropped');
    }
  }

  #guessRecipient(tool: string, repair: RepairName): void {
    this.#recipient = tool;
    this.#isGuessed = true;
    this.#repairs.push(repair);
  }
}

/** `word` without the copies of `prefix` it begins with. */
const cutRepeated = (word: string, prefix: string): string => {
  let at = 0;
  while (word.startsWith(prefix, at)) at += prefix.length;
  return word.slice(at);
};

// By hand, because most of a header's reading would be a regular expression's.
const endOfSpace = (text: string, from: number): number => {
  let at = from;
  while (at < text.length && isSpaceAt(text, at)) at++;
  return at;
};

const endOfWord = (text: string, from: number): number => {
  let at = from;
  while (at < text.length && !isSpaceAt(text, at)) at++;
  return at;
};

const isSpaceAt = (text: string, at: number): boolean => {
  const unit = text.charCodeAt(at);
  return unit < 0x80 ? unit === 0x20 || (unit >= 0x09 && unit <= 0x0d) : /\s/.test(text[at]!);
};
