// The part of decoding that every mode shares: once a header is known, content tokens become bytes
// of the message, deltas for whoever asked, and at the end a message and an item. The way of one
// content token through here allocates nothing unless its text is delivered.

import type { Message } from './conversation.js';
import type { ItemStatus, OutputItem, Phase } from './events.js';
import {
  statusOf,
  unwrapJson,
  type DecodedHeader,
  type Ending,
  type MessageKind,
  type MessageTraits,
} from './message-kinds.js';
import type { TokenTexts } from './token-texts.js';
import { createUtf8Stream } from './utf8-stream.js';

/** Which parts of a turn are delivered beside final text and complete calls. */
export interface Include {
  readonly reasoning: boolean;
  readonly preambles: boolean;
  readonly toolArguments: boolean;
}

/** Receives what is delivered. `textDelta` gets the phase, `argumentsDelta` the recipient. */
export interface DecoderSink {
  textDelta(itemIndex: number, phase: Phase, delta: string): void;
  reasoningDelta(itemIndex: number, delta: string): void;
  argumentsDelta(itemIndex: number, recipient: string, delta: string): void;
  itemDone(itemIndex: number, item: OutputItem): void;
}

/** Content tokens by channel; `markup` is everything else: headers, stop tokens, skipped text. */
export interface TokenUsage {
  total: number;
  analysis: number;
  commentary: number;
  final: number;
  other: number;
  markup: number;
}

export interface MessageAssembler {
  begin(header: DecodedHeader, traits: MessageTraits): void;
  /** A token of the content: a text token, or (official modes) a special one by its name. */
  append(id: number): void;
  /** Text that was first taken for a header: `numTokens` of it. */
  appendText(text: string, numTokens: number): void;
  appendReplacement(): void;
  /** A call's arguments are not what the model wrote: something inside was mended. */
  markGuessed(): void;
  /** Takes the text of a freeform call out of the JSON that its header announced; false if there is none. */
  unwrapArguments(): boolean;
  /** The open message is the answer after all: all of its text is delivered at once. */
  turnIntoAnswer(): void;
  end(ending: Ending): void;
  readonly header: DecodedHeader | undefined;
  readonly traits: MessageTraits | undefined;
  readonly numBytes: number;
  /** Text that the last append completed; empty if none. Only kept when deltas are tracked or delivered. */
  readonly lastDelta: string;
  readonly messages: readonly Message[];
  readonly usage: TokenUsage;
}

export interface AssemblerOptions {
  readonly texts: TokenTexts;
  readonly include: Include;
  readonly sink: DecoderSink;
  /** Computes `lastDelta` for messages that nobody listens to as well. */
  readonly tracksDeltas: boolean;
}

const MARKER = /^<\|constrain\|>/;
const JSON_TYPE = /^(?:<\|constrain\|>)?json$/i;
/** A content buffer up to this size is kept for the next message. */
const KEPT_BYTES = 1 << 20;

type Listener = 'text' | 'reasoning' | 'arguments' | 'none';
type UsageKey = 'analysis' | 'commentary' | 'final' | 'other';

export const createMessageAssembler = ({
  texts,
  include,
  sink,
  tracksDeltas,
}: AssemblerOptions): MessageAssembler => {
  const stream = createUtf8Stream();
  const encoder = new TextEncoder();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const messages: Message[] = [];
  const usage: TokenUsage = { total: 0, analysis: 0, commentary: 0, final: 0, other: 0, markup: 0 };
  let content = new Uint8Array(4096);
  let numBytes = 0;
  let header: DecodedHeader | undefined;
  let traits: MessageTraits | undefined;
  let listener: Listener = 'none';
  let usageKey: UsageKey = 'other';
  let phase: Phase = 'final_answer';
  let itemIndex = 0;
  let lastDelta = '';
  /** Arguments that may have to be unwrapped: delivered at the end, in one piece. */
  let isWithheld = false;

  const reserve = (more: number): void => {
    if (numBytes + more <= content.length) return;
    const grown = new Uint8Array(Math.max(2 * content.length, numBytes + more));
    grown.set(content.subarray(0, numBytes));
    content = grown;
  };

  const deliver = (delta: string): void => {
    lastDelta = delta;
    if (delta === '') return;
    switch (listener) {
      case 'text':
        sink.textDelta(itemIndex, phase, delta);
        break;
      case 'reasoning':
        sink.reasoningDelta(itemIndex, delta);
        break;
      case 'arguments':
        sink.argumentsDelta(itemIndex, header!.recipient!, delta);
        break;
      case 'none':
        break;
    }
  };

  /** A piece of text that is whole UTF-8 by itself. */
  const appendWhole = (text: string): void => {
    if (text === '') return; // a character that the bytes before have begun goes on
    reserve(3 * text.length);
    numBytes += encoder.encodeInto(text, content.subarray(numBytes)).written;
    if (listener !== 'none' || tracksDeltas) deliver(stream.flush() + text);
  };

  const itemOf = (text: string, status: ItemStatus): OutputItem | undefined => {
    const { kind, isDeclared, isFreeform, isGuessed } = traits!;
    switch (kind) {
      case 'final':
        return { type: 'message', status, phase: 'final_answer', text };
      case 'preamble':
        return include.preambles ? { type: 'message', status, phase: 'commentary', text } : undefined;
      case 'reasoning':
        return include.reasoning ? { type: 'reasoning', status, text } : undefined;
      case 'call':
        return {
          type: 'tool_call',
          status,
          recipient: header!.recipient!,
          arguments: text,
          channel: header!.channel,
          contentType: header!.contentType?.replace(MARKER, ''),
          isFreeform,
          isDeclared,
          isGuessed,
        };
      case 'hidden':
      case 'undecided':
        return undefined;
    }
  };

  return {
    begin(nextHeader, nextTraits) {
      header = nextHeader;
      traits = nextTraits;
      numBytes = 0;
      lastDelta = '';
      isWithheld = nextTraits.isFreeform && JSON_TYPE.test(nextHeader.contentType ?? '');
      listener = isWithheld ? 'none' : listenerOf(nextTraits.kind, include);
      phase = nextTraits.kind === 'preamble' ? 'commentary' : 'final_answer';
      usageKey = usageKeyOf(nextHeader.channel, nextTraits.kind);
    },
    append(id) {
      usage[usageKey]++;
      if (id >= texts.numTextTokens) {
        appendWhole(texts.whole(id) ?? '\ufffd');
        return;
      }
      const from = texts.offsets[id]!;
      const to = texts.offsets[id + 1]!;
      reserve(to - from);
      for (let i = from; i < to; i++) content[numBytes++] = texts.bytes[i]!;
      if (listener === 'none' && !tracksDeltas) return;
      const whole = texts.whole(id);
      if (whole === undefined) deliver(stream.push(texts.bytes, from, to));
      else deliver(stream.isPending ? stream.flush() + whole : whole);
    },
    appendText(text, numTokens) {
      usage[usageKey] += numTokens;
      usage.markup -= numTokens;
      appendWhole(text);
    },
    appendReplacement() {
      usage[usageKey]++;
      appendWhole('\ufffd');
    },
    markGuessed() {
      if (traits !== undefined && !traits.isGuessed) traits = { ...traits, isGuessed: true };
    },
    unwrapArguments() {
      if (!isWithheld) return false;
      const text = unwrapJson(decoder.decode(content.subarray(0, numBytes)));
      if (text === undefined) return false;
      numBytes = 0;
      appendWhole(text);
      return true;
    },
    turnIntoAnswer() {
      if (traits === undefined) return;
      traits = { ...traits, kind: 'final' };
      listener = 'text';
      phase = 'final_answer';
      stream.flush();
      deliver(decoder.decode(content.subarray(0, numBytes)));
    },
    end(ending) {
      const text = decoder.decode(content.subarray(0, numBytes));
      if (isWithheld) {
        listener = listenerOf(traits!.kind, include);
        deliver(text);
      } else {
        deliver(stream.flush());
      }
      lastDelta = '';
      messages.push({ ...header!, content: [{ type: 'text', text }] });
      const item = itemOf(text, statusOf(traits!, ending, text, header!));
      if (item !== undefined) sink.itemDone(itemIndex++, item);
      if (content.length > KEPT_BYTES) content = new Uint8Array(4096);
      header = undefined;
      traits = undefined;
      numBytes = 0;
    },
    get header() {
      return header;
    },
    get traits() {
      return traits;
    },
    get numBytes() {
      return numBytes;
    },
    get lastDelta() {
      return lastDelta;
    },
    messages,
    usage,
  };
};

const listenerOf = (kind: MessageKind, include: Include): Listener => {
  switch (kind) {
    case 'final':
      return 'text';
    case 'preamble':
      return include.preambles ? 'text' : 'none';
    case 'reasoning':
      return include.reasoning ? 'reasoning' : 'none';
    case 'call':
      return include.toolArguments ? 'arguments' : 'none';
    case 'hidden':
    case 'undecided':
      return 'none';
  }
};

const usageKeyOf = (channel: string | undefined, kind: MessageKind): UsageKey => {
  if (channel === 'analysis' || channel === 'commentary' || channel === 'final') return channel;
  return kind === 'final' ? 'final' : 'other';
};
