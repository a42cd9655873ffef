// The decoder of the daemon: takes any sequence of token ids, never throws, never loses a completed
// message, and lets no marker into content, names or arguments. Whatever it has to mend has a name
// in `repairs.ts`. A message lives between → header → body; only the markers' ids move it on.

import type { Role } from './conversation.js';
import type { DecoderCore, DecoderState } from './decoder-core.js';
import { HeaderText, type HeaderOrigin } from './header-text.js';
import type { MessageAssembler } from './message-assembler.js';
import { isToolName, type Ending } from './message-kinds.js';
import type { RepairName } from './repairs.js';
import type { TokenTexts } from './token-texts.js';
import { createTolerantBody } from './tolerant-body.js';
import type { TolerantHeader } from './tolerant-header.js';
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

/** Header text below this is never taken for content before its end is known. */
const MIN_PROBED_CHARS = 16;
/** What no header has may be this long, and shorter if it is more words than these. */
const MAX_REST_CHARS = 40;
const MAX_REST_WORDS = 3;
/** What may be a header within a body is decided after this much white space. */
const MAX_UNDECIDED_CHARS = 64;
/** No header is this long. */
const MAX_HEADER_CHARS = 1024;
/** Text between messages is kept this long, in case it is an answer without a header. */
const MAX_BETWEEN_CHARS = 1 << 20;

export const createTolerantDecoder = (options: TolerantDecoderOptions): DecoderCore => {
  const { texts, markers, endOfText, assembler, repaired } = options;
  const { numTextTokens } = texts;
  const { usage } = assembler;
  const header = new HeaderText({ texts, toolNames: options.toolNames, promptRole: options.role });
  const body = createTolerantBody(options);
  let state: DecoderState = options.role === undefined ? 'between' : 'header';
  /** A body is open beneath the header: it goes on if this turns out to be none. */
  let isSuspended = false;
  let hasEnded = false;

  const openHeader = (origin: HeaderOrigin): void => {
    state = 'header';
    header.open(origin);
  };

  const restartHeader = (): void => {
    repaired('header_restarted');
    if (header.hasMarkers || header.read(true).hasStructure) header.abandon();
    openHeader('start');
  };

  const enterBody = (): void => {
    header.forgetAbandoned();
    isSuspended = false;
    state = 'body';
  };

  /** What was taken for a header is, or holds, the content. */
  const beginWithText = (reading: TolerantHeader): void => {
    body.beginWithText(reading, header.numTextTokens);
    enterBody();
    header.clear();
  };

  /** The open body was no place for a header: what looked like one is content, without its markers. */
  const resumeBody = (): void => {
    body.drop('stray_marker');
    isSuspended = false;
    state = 'body';
    header.flush();
    const { text, numTextTokens: numTokens } = header;
    header.clear();
    body.pushText(text, numTokens);
  };

  const suspendBody = (origin: HeaderOrigin): void => {
    openHeader(origin);
    isSuspended = true;
  };

  const closeSuspended = (): void => {
    if (!isSuspended) return;
    body.interrupt();
    isSuspended = false;
  };

  /** Decides early, so that an answer without markup streams. */
  const probeHeader = (): void => {
    const mayBeContent = isContent(header.numChars, header.numWords);
    if (!mayBeContent && !isSuspended) return;
    const reading = header.read(false);
    if (isSuspended && !reading.hasStructure) {
      const firstWordIsOver = /\S\s|\S{16}/.test(reading.rest) || header.numChars > MAX_UNDECIDED_CHARS;
      if (firstWordIsOver) resumeBody();
      return;
    }
    const numWords = reading.rest.split(/\s+/).length;
    if (isContent(reading.rest.length, numWords)) {
      closeSuspended();
      beginWithText(reading);
    } else if (header.numChars > MAX_HEADER_CHARS) {
      closeSuspended();
      repaired('header_overlong');
      header.clear();
    }
  };

  const pushText = (token: number): void => {
    if (state === 'body') {
      body.push(token);
      return;
    }
    usage.markup++;
    if (state === 'header') {
      header.push(token, Infinity);
      probeHeader();
    } else {
      header.push(token, MAX_BETWEEN_CHARS);
    }
  };

  const dropTextBetween = (): void => {
    if (header.numTextTokens > 0) repaired('text_between_messages');
    header.clear();
  };

  const pushStart = (): void => {
    if (state === 'body') {
      suspendBody('start');
    } else if (state === 'between') {
      dropTextBetween();
      header.forgetAbandoned();
      openHeader('start');
    } else if (!isSuspended) {
      restartHeader();
    } else if (header.read(false).hasStructure) {
      closeSuspended();
      restartHeader();
    } else {
      resumeBody();
      suspendBody('start');
    }
  };

  const pushHeaderMarker = (after: 'channel' | 'constrain'): void => {
    if (state === 'body') {
      if (after === 'constrain') {
        body.pushConstrain();
        return;
      }
      suspendBody('implied');
    } else if (state === 'between') {
      if (hasEnded || after === 'constrain') {
        repaired('stray_marker');
        return;
      }
      repaired('missing_start');
      state = 'header';
      header.origin = 'implied';
    }
    header.flush();
    const repair = header.mark(after);
    if (repair !== null) repaired(repair);
  };

  const pushMessage = (): void => {
    if (state === 'body') {
      body.drop('stray_marker');
      return;
    }
    if (state === 'between') {
      if (hasEnded) {
        repaired('stray_marker');
        return;
      }
      repaired('missing_start');
      header.origin = 'implied';
    }
    header.flush();
    const reading = header.read(true);
    if (isSuspended && !reading.hasStructure) {
      resumeBody();
      return;
    }
    closeSuspended();
    body.begin(reading);
    enterBody();
    header.clear();
  };

  const pushStop = (ending: Ending): void => {
    if (state === 'header') endHeader(ending);
    else if (state === 'between') endBetween(ending);
    if (state === 'body') endBody(ending);
    if (ending === 'return' || ending === 'call') hasEnded = true;
  };

  const endBody = (ending: Ending): void => {
    body.end(ending);
    state = 'between';
    header.clear();
  };

  /** A header without a body: its text, if any, becomes the body. */
  const endHeader = (ending: Ending): void => {
    header.flush();
    const reading = header.read(false);
    if (isSuspended && !reading.hasStructure) {
      resumeBody();
      return;
    }
    closeSuspended();
    const { channel, recipient } = reading.header;
    if (reading.rest !== '' && (reading.hasStructure || hasWords(reading.rest))) {
      beginWithText(reading);
    } else if (ending !== 'input' && (channel !== undefined || isToolName(recipient))) {
      body.beginEmpty(reading);
      enterBody();
      if (ending === 'end') header.abandon();
    } else {
      if (ending === 'end' && header.hasMarkers) header.abandon();
      if (ending !== 'input') repaired('empty_message');
      else if (header.origin !== 'prompt' || header.hasMarkers || header.numTextTokens > 0)
        repaired('header_unfinished');
      state = 'between';
      header.clear();
    }
  };

  const endBetween = (ending: Ending): void => {
    header.flush();
    // An answer would be the last thing of the turn; before <|end|> this may as well be reasoning.
    if (body.awaitsAnswer && !hasEnded && ending !== 'end' && hasWords(header.text)) {
      header.origin = 'implied';
      const reading = header.read(false);
      beginWithText(reading.rest === '' ? { ...reading, rest: header.text.trim() } : reading);
      return;
    }
    dropTextBetween();
    if (ending !== 'input') repaired('extra_stop');
  };

  const pushReserved = (token: number): void => {
    usage.markup++;
    if (token === endOfText) pushStop('return');
    else if (state === 'body') body.drop('reserved_token');
    else repaired('reserved_token');
  };

  const pushUnknown = (): void => {
    if (state === 'body') {
      body.drop('unknown_token');
      assembler.appendReplacement();
    } else {
      repaired('unknown_token');
      usage.markup++;
    }
  };

  const pushMarker = (token: number): void => {
    usage.markup++;
    switch (token) {
      case markers.start:
        return pushStart();
      case markers.channel:
        return pushHeaderMarker('channel');
      case markers.constrain:
        return pushHeaderMarker('constrain');
      case markers.message:
        return pushMessage();
      case markers.end:
        return pushStop('end');
      case markers.return:
        return pushStop('return');
      case markers.call:
        return pushStop('call');
    }
  };

  const markerIds = new Set(Object.values(markers));
  return {
    push(token) {
      usage.total++;
      if (token >>> 0 !== token || token >= texts.size) pushUnknown();
      else if (token < numTextTokens) pushText(token);
      else if (markerIds.has(token)) pushMarker(token);
      else pushReserved(token);
    },
    finish() {
      pushStop('input');
    },
    get state() {
      return state;
    },
    get role() {
      return (
        assembler.header?.role ??
        (header.origin === 'prompt' && state === 'header' ? options.role : undefined)
      );
    },
    get headerText() {
      return state === 'body' ? '' : header.textWithMarkers;
    },
    get hasEnded() {
      return hasEnded;
    },
  };
};

const isContent = (numChars: number, numWords: number): boolean =>
  numChars >= MAX_REST_CHARS || (numChars >= MIN_PROBED_CHARS && numWords > MAX_REST_WORDS);

const hasWords = (text: string): boolean => /[\p{L}\p{N}]/u.test(text);
