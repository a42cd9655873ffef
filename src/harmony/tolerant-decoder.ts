// The decoder of the daemon: takes any sequence of token ids, never throws, never loses a completed
// message, and lets no marker into content, names or arguments. Whatever it has to mend has a name
// in `repairs.ts`. A message lives between → header → body; only the markers' ids move it on.

import type { Role } from './conversation.js';
import type { DecoderCore, DecoderState } from './decoder-core.js';
import { createDetokenizer } from './detokenizer.js';
import type { MessageAssembler } from './message-assembler.js';
import { isToolName, kindOf, type DecodedHeader, type Ending } from './message-kinds.js';
import type { RepairName } from './repairs.js';
import type { TokenTexts } from './token-texts.js';
import { readTolerantHeader, type HeaderPiece, type TolerantHeader } from './tolerant-header.js';
import type { ToolNames } from './tool-names.js';
import type { HarmonyTokens } from './vocabulary.js';

export interface TolerantDecoderOptions {
  readonly texts: TokenTexts;
  readonly markers: HarmonyTokens;
  /** <|endoftext|>, which ends a turn like <|return|>. */
  readonly endOfText: number | undefined;
  readonly assembler: MessageAssembler;
  readonly role: Role | undefined;
  readonly toolNames: ToolNames;
  /** Preambles are delivered as such. */
  readonly deliversPreambles: boolean;
  readonly repaired: (repair: RepairName) => void;
}

/** How a header came about: by the prompt, by <|start|>, or by a marker that presupposes one. */
type HeaderOrigin = 'prompt' | 'start' | 'implied';

/** Header text below this is never taken for content before its end is known. */
const MIN_PROBED_CHARS = 16;
/** What no header has may be this long, and shorter if it is more words than these. */
const MAX_REST_CHARS = 40;
const MAX_REST_WORDS = 3;
/** What may be a header within a body is decided after this much white space. */
const MAX_UNDECIDED_CHARS = 64;
/** No header is this long. */
const MAX_HEADER_CHARS = 1024;
const MAX_HEADER_PIECES = 16;
/** Text between messages is kept this long, in case it is an answer without a header. */
const MAX_BETWEEN_CHARS = 1 << 20;

export const createTolerantDecoder = (options: TolerantDecoderOptions): DecoderCore => {
  const { texts, markers, endOfText, assembler, toolNames, repaired } = options;
  const { numTextTokens } = texts;
  const { usage } = assembler;
  const detokenizer = createDetokenizer(texts);
  let state: DecoderState = options.role === undefined ? 'between' : 'header';
  let origin: HeaderOrigin = options.role === undefined ? 'implied' : 'prompt';
  let pieces: HeaderPiece[] = [{ after: 'start', text: '' }];
  /** Of a header that began again or ended without content: counts where the new one says nothing. */
  let abandoned: HeaderPiece[] = [];
  let headerChars = 0;
  /** At least as many as the header's text has words. */
  let numHeaderWords = 1;
  let headerTextTokens = 0;
  /** A body is open beneath the header: it goes on if this turns out to be none. */
  let isSuspended = false;
  /** Text without a header would be the answer, for there is none yet. */
  let awaitsAnswer = true;
  let hasEnded = false;
  /** Behind a <|constrain|> in a call's arguments: its type word is dropped too. */
  let skipsTypeWord = false;

  const openHeader = (from: HeaderOrigin): void => {
    state = 'header';
    origin = from;
    clearHeader();
  };

  const restartHeader = (): void => {
    repaired('header_restarted');
    if (pieces.length > 1 || read(true).hasStructure) abandoned = pieces;
    openHeader('start');
  };

  const clearHeader = (): void => {
    pieces = [{ after: 'start', text: '' }];
    headerChars = 0;
    numHeaderWords = 1;
    headerTextTokens = 0;
    detokenizer.flush();
  };

  const addHeaderText = (text: string): void => {
    pieces.at(-1)!.text += text;
    headerChars += text.length;
    for (let i = 0; i < text.length; i++) if (mayBeSpace(text.charCodeAt(i))) numHeaderWords++;
  };

  const read = (endsInMessage: boolean): TolerantHeader => {
    const givenRole = origin === 'prompt' ? options.role : origin === 'implied' ? 'assistant' : undefined;
    const mayStateRole = origin !== 'prompt';
    const reading = readTolerantHeader(pieces, { givenRole, mayStateRole, toolNames, endsInMessage });
    const { channel, recipient } = reading.header;
    if (abandoned.length === 0 || channel !== undefined || recipient !== undefined) return reading;
    return readTolerantHeader([...abandoned, ...pieces], {
      givenRole: 'assistant',
      mayStateRole: true,
      toolNames,
      endsInMessage,
    });
  };

  const begin = (
    { header, isGuessed, isChannelUnclear, repairs }: TolerantHeader,
    isWholeGuess: boolean,
  ): void => {
    for (const repair of repairs) repaired(repair);
    const { recipient } = header;
    const isDeclared = isToolName(recipient) && toolNames.isDeclared(recipient);
    const isFreeform = isToolName(recipient) && toolNames.isFreeform(recipient);
    const known = kindOf(header);
    const kind = isChannelUnclear && header.role === 'assistant' && known !== 'call' ? 'undecided' : known;
    assembler.begin(header, { kind, isDeclared, isFreeform, isGuessed: isGuessed || isWholeGuess });
    abandoned = [];
    isSuspended = false;
    skipsTypeWord = false;
    state = 'body';
  };

  /** Begins a message whose content was taken for its header. */
  const beginWithText = (read: TolerantHeader): void => {
    repaired(read.hasStructure ? 'missing_message_marker' : 'unheaded_text');
    begin({ ...read, header: withAnswerChannel(read.header), isChannelUnclear: false }, true);
    const numTokens = headerTextTokens;
    clearHeader();
    assembler.appendText(read.rest, numTokens);
  };

  const end = (ending: Ending): void => {
    const kind = assembler.traits?.kind;
    if (kind === 'call' && ending !== 'call') repaired('call_unended');
    if (awaitsAnswer && ending === 'return' && assembler.numBytes > 0) {
      if (kind === 'undecided') {
        assembler.turnIntoAnswer();
      } else if (kind === 'preamble' && !options.deliversPreambles) {
        repaired('commentary_answer');
        assembler.turnIntoAnswer();
      }
    }
    endMessage(ending);
    state = 'between';
    clearHeader();
  };

  const endMessage = (ending: Ending): void => {
    if (assembler.unwrapArguments()) repaired('freeform_wrapped');
    if (assembler.traits?.kind === 'final' && assembler.numBytes > 0) awaitsAnswer = false;
    assembler.end(ending);
    isSuspended = false;
  };

  const markTurn = (ending: Ending): void => {
    if (ending === 'return' || ending === 'call') hasEnded = true;
  };

  /** The open body was no place for a header: what looked like one is content, without its markers. */
  const resumeBody = (): void => {
    repaired('stray_marker');
    assembler.markGuessed();
    const text = pieces.map((piece) => piece.text).join('') + detokenizer.flush();
    isSuspended = false;
    state = 'body';
    const numTokens = headerTextTokens;
    clearHeader();
    assembler.appendText(text, numTokens);
  };

  const suspendBody = (from: HeaderOrigin): void => {
    openHeader(from);
    isSuspended = true;
  };

  const closeSuspended = (): void => {
    repaired('missing_end');
    endMessage('interrupted');
  };

  /** Decides early, so that an answer without markup streams. */
  const probeHeader = (): void => {
    const mayBeContent = isContent(headerChars, numHeaderWords + pieces.length);
    if (!mayBeContent && !isSuspended) return;
    const reading = read(false);
    if (isSuspended && !reading.hasStructure) {
      const firstWordIsOver = /\S\s|\S{16}/.test(reading.rest) || headerChars > MAX_UNDECIDED_CHARS;
      if (firstWordIsOver) resumeBody();
      return;
    }
    const numWords = reading.rest.split(/\s+/).length;
    if (isContent(reading.rest.length, numWords)) {
      if (isSuspended) closeSuspended();
      beginWithText(reading);
    } else if (headerChars > MAX_HEADER_CHARS) {
      if (isSuspended) closeSuspended();
      repaired('header_overlong');
      clearHeader();
    }
  };

  const pushText = (token: number): void => {
    if (state === 'body') {
      if (skipsTypeWord) pushBehindConstrain(token);
      else assembler.append(token);
      return;
    }
    usage.markup++;
    headerTextTokens++;
    const text = detokenizer.push(token);
    if (state === 'header') {
      addHeaderText(text);
      probeHeader();
    } else if (headerChars < MAX_BETWEEN_CHARS) {
      addHeaderText(text);
    }
  };

  const pushBehindConstrain = (token: number): void => {
    const text = texts.whole(token);
    const rest = text?.replace(/^[A-Za-z]+/, '');
    if (rest === '') {
      usage.markup++;
      return;
    }
    skipsTypeWord = false;
    if (text === undefined || rest === undefined || rest === text) {
      assembler.append(token);
    } else {
      usage.markup++;
      assembler.appendText(rest, 1);
    }
  };

  const dropTextBetween = (): void => {
    if (headerTextTokens > 0) repaired('text_between_messages');
    clearHeader();
  };

  const pushStart = (): void => {
    if (state === 'body') {
      suspendBody('start');
    } else if (state === 'between') {
      dropTextBetween();
      abandoned = [];
      openHeader('start');
    } else if (!isSuspended) {
      restartHeader();
    } else if (read(false).hasStructure) {
      closeSuspended();
      restartHeader();
    } else {
      resumeBody();
      suspendBody('start');
    }
  };

  const pushHeaderMarker = (after: 'channel' | 'constrain'): void => {
    if (state === 'body') {
      if (after === 'channel') {
        suspendBody('implied');
        pieces.push({ after, text: '' });
      } else {
        repaired('stray_marker');
        skipsTypeWord = assembler.numBytes === 0 && assembler.traits?.kind === 'call';
        assembler.markGuessed();
      }
      return;
    }
    if (state === 'between') {
      if (hasEnded || after === 'constrain') {
        repaired('stray_marker');
        return;
      }
      repaired('missing_start');
      state = 'header';
      origin = 'implied';
    }
    addHeaderText(detokenizer.flush());
    const last = pieces.at(-1)!;
    if (last.after === after && last.text.trim() === '') {
      repaired(after === 'channel' ? 'channel_repeated' : 'content_type_moved');
      return;
    }
    if (pieces.length >= MAX_HEADER_PIECES) {
      repaired('header_overlong');
      pieces.splice(1, 1);
    }
    pieces.push({ after, text: '' });
  };

  const pushMessage = (): void => {
    if (state === 'body') {
      repaired('stray_marker');
      assembler.markGuessed();
      return;
    }
    if (state === 'between') {
      if (hasEnded) {
        repaired('stray_marker');
        return;
      }
      repaired('missing_start');
      origin = 'implied';
    }
    addHeaderText(detokenizer.flush());
    const reading = read(true);
    if (isSuspended && !reading.hasStructure) {
      resumeBody();
      return;
    }
    if (isSuspended) closeSuspended();
    begin(reading, false);
    clearHeader();
  };

  const pushStop = (ending: Ending): void => {
    if (state === 'header') endHeader(ending);
    else if (state === 'between') endBetween(ending);
    if (state === 'body') end(ending);
    markTurn(ending);
  };

  /** A header without a body: its text, if any, becomes the body. */
  const endHeader = (ending: Ending): void => {
    addHeaderText(detokenizer.flush());
    const reading = read(false);
    if (isSuspended && !reading.hasStructure) {
      resumeBody();
      return;
    }
    if (isSuspended) closeSuspended();
    if (reading.rest !== '' && (reading.hasStructure || hasWords(reading.rest))) {
      beginWithText(reading);
    } else if (
      ending !== 'input' &&
      (reading.header.channel !== undefined || isToolName(reading.header.recipient))
    ) {
      repaired('missing_message_marker');
      const empty = pieces;
      begin(reading, true);
      if (ending === 'end') abandoned = empty;
    } else {
      if (ending === 'end' && pieces.length > 1) abandoned = pieces;
      if (ending !== 'input') repaired('empty_message');
      else if (origin !== 'prompt' || pieces.length > 1 || headerTextTokens > 0)
        repaired('header_unfinished');
      state = 'between';
      clearHeader();
    }
  };

  const endBetween = (ending: Ending): void => {
    addHeaderText(detokenizer.flush());
    const text = pieces[0]!.text;
    // An answer would be the last thing of the turn; before <|end|> this may as well be reasoning.
    if (awaitsAnswer && !hasEnded && ending !== 'end' && hasWords(text)) {
      origin = 'implied';
      const reading = read(false);
      beginWithText(reading.rest === '' ? { ...reading, rest: text.trim() } : reading);
      return;
    }
    dropTextBetween();
    if (ending !== 'input') repaired('extra_stop');
  };

  const pushReserved = (token: number): void => {
    usage.markup++;
    if (token === endOfText) {
      pushStop('return');
      return;
    }
    repaired('reserved_token');
    if (state === 'body') assembler.markGuessed();
  };

  const pushUnknown = (): void => {
    repaired('unknown_token');
    if (state === 'body') {
      assembler.markGuessed();
      assembler.appendReplacement();
    } else {
      usage.markup++;
    }
  };

  return {
    push(token) {
      usage.total++;
      if (token >>> 0 !== token || token >= texts.size) {
        pushUnknown();
        return;
      }
      if (token < numTextTokens) {
        pushText(token);
        return;
      }
      switch (token) {
        case markers.start:
          usage.markup++;
          pushStart();
          break;
        case markers.channel:
          usage.markup++;
          pushHeaderMarker('channel');
          break;
        case markers.constrain:
          usage.markup++;
          pushHeaderMarker('constrain');
          break;
        case markers.message:
          usage.markup++;
          pushMessage();
          break;
        case markers.end:
          usage.markup++;
          pushStop('end');
          break;
        case markers.return:
          usage.markup++;
          pushStop('return');
          break;
        case markers.call:
          usage.markup++;
          pushStop('call');
          break;
        default:
          pushReserved(token);
      }
    },
    finish() {
      pushStop('input');
    },
    get state() {
      return state;
    },
    get role() {
      return assembler.header?.role ?? (origin === 'prompt' && state === 'header' ? options.role : undefined);
    },
    get headerText() {
      return state === 'body'
        ? ''
        : pieces.map(({ after, text }) => (after === 'start' ? text : `<|${after}|>${text}`)).join('');
    },
    get hasEnded() {
      return hasEnded;
    },
  };
};

/** Content without a channel is the answer, unless it goes to a tool. */
const withAnswerChannel = (header: DecodedHeader): DecodedHeader =>
  header.role === 'assistant' && header.channel === undefined && !isToolName(header.recipient)
    ? { ...header, channel: 'final' }
    : header;

const isContent = (numChars: number, numWords: number): boolean =>
  numChars >= MAX_REST_CHARS || (numChars >= MIN_PROBED_CHARS && numWords > MAX_REST_WORDS);

const mayBeSpace = (unit: number): boolean => unit <= 0x20 || unit >= 0x80;

const hasWords = (text: string): boolean => /[\p{L}\p{N}]/u.test(text);
