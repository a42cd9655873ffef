// What a turn may look like when some of it is held to a grammar: which headers a message may have, what its body is held
// to and what ends it. A plan is tokens only, so that the engine can follow it without a tokenizer. By following it no
// header can be malformed, and a body is left only by the marker that belongs there.

import type { Tokenizer } from './tokenizer.js';

export interface PlannedTool {
  readonly name: string;
  /** Called with a text, not with JSON. */
  readonly isFreeform: boolean;
  /** Index of what a call's body is held to; null: any text. */
  readonly grammar: number | null;
}

export interface TurnPlanOptions {
  readonly tokenizer: Tokenizer;
  /** Functions that may be called. */
  readonly tools: readonly PlannedTool[];
  /** Tools the model was trained with, which it calls with code while it thinks. */
  readonly builtins: readonly string[];
  /** The turn may end only in a call. */
  readonly mustCall: boolean;
  /** Index of what the final message is held to; null: any text. */
  readonly finalGrammar: number | null;
}

export interface PlannedMessage {
  /** Behind the role, up to and including <|message|>. */
  readonly header: readonly number[];
  readonly grammar: number | null;
  /** The one token that ends it. */
  readonly end: number;
}

export interface TurnPlan {
  /** <|start|> and the role, which follow a message that does not end the turn. */
  readonly opening: readonly number[];
  readonly messages: readonly PlannedMessage[];
}

export const createTurnPlan = (options: TurnPlanOptions): TurnPlan => {
  const { tokenizer, tools, builtins, mustCall, finalGrammar } = options;
  const { channel, constrain, message, start, end, call, return: done } = tokenizer.harmony;
  const text = (value: string): readonly number[] => tokenizer.encode(value);
  const onChannel = (name: string): readonly number[] => [channel, ...text(name)];

  const callsOf = ({ name, isFreeform, grammar }: PlannedTool): PlannedMessage[] => {
    const to = ` to=functions.${name}`;
    // Models write the recipient behind the channel; histories have it behind the role.
    const recipients = [onChannel(`commentary${to}`), [...text(to), ...onChannel('commentary')]];
    const type = isFreeform ? text(' code') : [...text(' '), constrain, ...text('json')];
    return recipients
      .flatMap((recipient) => [recipient, [...recipient, ...type]])
      .map((header) => ({ header: [...header, message], grammar, end: call }));
  };
  const callsOfBuiltin = (name: string): PlannedMessage[] =>
    ['', ' code'].map((type) => ({
      header: [...onChannel(`analysis to=${name}${type}`), message],
      grammar: null,
      end: call,
    }));
  const free = (name: string): PlannedMessage => ({
    header: [...onChannel(name), message],
    grammar: null,
    end,
  });
  const final: PlannedMessage = {
    header: [...onChannel('final'), message],
    grammar: finalGrammar,
    end: done,
  };
  return {
    opening: [start, ...text('assistant')],
    messages: [
      free('analysis'),
      ...(mustCall ? [] : tools.length > 0 ? [free('commentary'), final] : [final]),
      ...tools.flatMap(callsOf),
      ...builtins.flatMap(callsOfBuiltin),
    ],
  };
};
