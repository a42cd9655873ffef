// The open message of the tolerant decoder: what its header makes of it, and what its end does.

import type { MessageAssembler } from './message-assembler.js';
import { isToolName, kindOf, type DecodedHeader, type Ending } from './message-kinds.js';
import type { RepairName } from './repairs.js';
import type { TokenTexts } from './token-texts.js';
import type { TolerantHeader } from './tolerant-header.js';
import type { ToolNames } from './tool-names.js';

export interface TolerantBodyOptions {
  readonly texts: TokenTexts;
  readonly assembler: MessageAssembler;
  readonly toolNames: ToolNames;
  /** Preambles are delivered as such. */
  readonly deliversPreambles: boolean;
  readonly repaired: (repair: RepairName) => void;
}

export interface TolerantBody {
  begin(reading: TolerantHeader): void;
  /** Begins a message whose content was taken for its header, `numTokens` of it. */
  beginWithText(reading: TolerantHeader, numTokens: number): void;
  /** A header without content is a message nevertheless, if it says where to. */
  beginEmpty(reading: TolerantHeader): void;
  push(token: number): void;
  /** Takes text that was read as a header and is none. */
  pushText(text: string, numTokens: number): void;
  pushConstrain(): void;
  /** Something that was dropped here may have been meant: a call must not be run as it is. */
  drop(repair: RepairName): void;
  /** By a stop token, or by the end of the tokens. */
  end(ending: Ending): void;
  /** By the header of the next message. */
  interrupt(): void;
  /** Text without a header would be the answer, for there is none yet. */
  readonly awaitsAnswer: boolean;
}

export const createTolerantBody = (options: TolerantBodyOptions): TolerantBody => {
  const { texts, assembler, toolNames, repaired } = options;
  let awaitsAnswer = true;
  /** Behind a <|constrain|> in a call's arguments: its type word is dropped too. */
  let skipsTypeWord = false;

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
    skipsTypeWord = false;
  };

  const close = (ending: Ending): void => {
    if (assembler.unwrapArguments()) repaired('freeform_wrapped');
    if (assembler.traits?.kind === 'final' && assembler.numBytes > 0) awaitsAnswer = false;
    assembler.end(ending);
  };

  const pushBehindConstrain = (token: number): void => {
    const text = texts.whole(token);
    const rest = text?.replace(/^[A-Za-z]+/, '');
    if (rest === '') {
      assembler.usage.markup++;
      return;
    }
    skipsTypeWord = false;
    if (text === undefined || rest === undefined || rest === text) {
      assembler.append(token);
    } else {
      assembler.usage.markup++;
      assembler.appendText(rest, 1);
    }
  };

  const drop = (repair: RepairName): void => {
    repaired(repair);
    assembler.markGuessed();
  };

  return {
    begin: (reading) => begin(reading, false),
    beginWithText(reading, numTokens) {
      repaired(reading.hasStructure ? 'missing_message_marker' : 'unheaded_text');
      begin({ ...reading, header: withAnswerChannel(reading.header), isChannelUnclear: false }, true);
      assembler.appendText(reading.rest, numTokens);
    },
    beginEmpty(reading) {
      repaired('missing_message_marker');
      begin(reading, true);
    },
    push(token) {
      if (skipsTypeWord) pushBehindConstrain(token);
      else assembler.append(token);
    },
    pushText: (text, numTokens) => assembler.appendText(text, numTokens),
    pushConstrain() {
      skipsTypeWord = assembler.numBytes === 0 && assembler.traits?.kind === 'call';
      drop('stray_marker');
    },
    drop,
    end(ending) {
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
      close(ending);
    },
    interrupt() {
      repaired('missing_end');
      close('interrupted');
    },
    get awaitsAnswer() {
      return awaitsAnswer;
    },
  };
};

/** Content without a channel is the answer, unless it goes to a tool. */
const withAnswerChannel = (header: DecodedHeader): DecodedHeader =>
  header.role === 'assistant' && header.channel === undefined && !isToolName(header.recipient)
    ? { ...header, channel: 'final' }
    : header;
