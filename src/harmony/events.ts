// What a decoder tells the session about a turn, as it happens. The wire protocol and the HTTP front
// end map these; nothing here knows either.

import type { RepairName } from './repairs.js';

export type HarmonyEvent = OutputTextDelta | ReasoningDelta | ToolArgumentsDelta | OutputItemDone | Repaired;

/** `commentary`: a preamble for the user before a tool call. */
export type Phase = 'commentary' | 'final_answer';

/** Text for the user: of `final`, and of preambles when they were asked for. */
export interface OutputTextDelta {
  readonly type: 'output_text.delta';
  /** Counts the turn's delivered items from 0; the item's `output_item.done` has the same. */
  readonly itemIndex: number;
  readonly phase: Phase;
  readonly delta: string;
}

/** Text of `analysis`; only when asked for. Not for end users. */
export interface ReasoningDelta {
  readonly type: 'reasoning.delta';
  readonly itemIndex: number;
  readonly delta: string;
}

/** Arguments of a tool call as they are written; only when asked for. */
export interface ToolArgumentsDelta {
  readonly type: 'tool_call.arguments.delta';
  readonly itemIndex: number;
  /** The tool's full name, as in the call's item. */
  readonly recipient: string;
  readonly delta: string;
}

export interface OutputItemDone {
  readonly type: 'output_item.done';
  readonly itemIndex: number;
  readonly item: OutputItem;
}

/** Something malformed was mended; the answer goes on. */
export interface Repaired {
  readonly type: 'repaired';
  readonly repair: RepairName;
  /** Position of the generated token at which it was noticed, from 0. */
  readonly tokenIndex: number;
}

export type OutputItem = MessageItem | ReasoningItem | ToolCallItem;

/** `incomplete`: the tokens ended before the message did. */
export type ItemStatus = 'completed' | 'incomplete';

export interface MessageItem {
  readonly type: 'message';
  readonly status: ItemStatus;
  readonly phase: Phase;
  readonly text: string;
}

/** Only when reasoning was asked for; `decoder.messages` has it in any case. */
export interface ReasoningItem {
  readonly type: 'reasoning';
  readonly status: ItemStatus;
  readonly text: string;
}

export interface ToolCallItem {
  readonly type: 'tool_call';
  /** `incomplete` too if the message ended without <|call|> and its arguments are no complete JSON. */
  readonly status: ItemStatus;
  /** The tool's full name: `functions.shell`, `browser.search`, `python`. */
  readonly recipient: string;
  /** JSON for functions, source text for `python` and freeform tools. Not validated. */
  readonly arguments: string;
  readonly channel: string | undefined;
  /** `json`, `code`; as the model put it, without markers. */
  readonly contentType: string | undefined;
  /** The argument is a text, not JSON. */
  readonly isFreeform: boolean;
  /** The tool was offered. An undeclared call is the model's invention: answer it, do not run it. */
  readonly isDeclared: boolean;
  /** The recipient or the arguments had to be guessed from malformed output: never run such a call here. */
  readonly isGuessed: boolean;
}
