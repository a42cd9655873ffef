// One generation's tokens → the events of its response. The Harmony decoder keeps the state; this puts its events in
// the protocol's terms and gives calls their ids.

import type { Message } from '../harmony/conversation.js';
import { createDecoder, type HarmonyDecoder } from '../harmony/decoder.js';
import type { HarmonyEvent, OutputItem as HarmonyItem } from '../harmony/events.js';
import type { Tokenizer } from '../harmony/tokenizer.js';
import type { Include, OutputItem, Tool } from '../ipc/protocol.js';
import type { ResponseEventBody } from './outbox.js';

export interface DecoderStageOptions {
  readonly tokenizer: Tokenizer;
  /** What the request offers. */
  readonly tools: readonly Tool[];
  /** Names of tools that are recipients of their own, and take source text. */
  readonly builtins: readonly string[];
  readonly ownerOf: (call: CallHeader) => CallOwner;
  readonly include: readonly Include[];
  readonly createCallId: () => string;
  /** Something malformed was mended. */
  readonly onRepaired: (repair: string) => void;
}

export type CallOwner = Extract<OutputItem, { kind: 'tool_call' }>['owner'];

/** As the decoder read it. */
export interface CallHeader {
  /** In full: `functions.shell`, `python`. */
  readonly recipient: string;
  readonly isDeclared: boolean;
  readonly isGuessed: boolean;
}

export interface Call extends CallHeader {
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
  readonly channel: string;
  readonly owner: CallOwner;
}

export interface DecoderStage {
  push(token: number): readonly ResponseEventBody[];
  /** The tokens are over. A call that was cut off at the token limit is not delivered: nobody may run it. */
  finish(reason: 'stop' | 'length'): readonly ResponseEventBody[];
  calls(): readonly Call[];
  /** Every completed message, reasoning included. */
  messages(): readonly Message[];
  numReasoningTokens(): number;
  repairs(): Readonly<Record<string, number>>;
  /** To be looked at, by the debug stream. */
  readonly inside: Pick<HarmonyDecoder, 'state' | 'hasEnded' | 'messages' | 'view'>;
}

const FUNCTIONS = 'functions.';

export const createDecoderStage = ({
  tokenizer,
  tools,
  builtins,
  ownerOf,
  include,
  createCallId,
  onRepaired,
}: DecoderStageOptions): DecoderStage => {
  const decoder = createDecoder({
    tokenizer,
    mode: 'tolerant',
    tools: [...tools.map(({ name }) => FUNCTIONS + name), ...builtins],
    freeformTools: [
      ...tools.filter(({ kind }) => kind === 'freeform').map(({ name }) => FUNCTIONS + name),
      ...builtins,
    ],
    include: {
      reasoning: include.includes('reasoning'),
      preambles: include.includes('commentary'),
      toolArguments: include.includes('arguments_delta'),
    },
  });
  const callIds = new Map<number, string>();
  const calls: Call[] = [];

  const callIdOf = (itemIndex: number): string => {
    const callId = callIds.get(itemIndex) ?? createCallId();
    callIds.set(itemIndex, callId);
    return callId;
  };

  const bodyOf = (event: HarmonyEvent): ResponseEventBody | null => {
    switch (event.type) {
      case 'output_text.delta':
        return {
          type: 'output_text.delta',
          text: event.delta,
          channel: event.phase === 'final_answer' ? 'final' : 'commentary',
        };
      case 'reasoning.delta':
        return { type: 'reasoning.delta', text: event.delta };
      case 'tool_call.arguments.delta':
        return {
          type: 'tool_call.arguments.delta',
          callId: callIdOf(event.itemIndex),
          name: functionName(event.recipient),
          text: event.delta,
        };
      case 'output_item.done':
        return { type: 'output_item.done', item: itemOf(event.item, event.itemIndex) };
      case 'repaired':
        onRepaired(event.repair);
        return null; // counted: `completed` has the sums
    }
  };

  const itemOf = (item: HarmonyItem, itemIndex: number): OutputItem => {
    switch (item.type) {
      case 'message':
        return {
          kind: 'message',
          channel: item.phase === 'final_answer' ? 'final' : 'commentary',
          text: item.text,
        };
      case 'reasoning':
        return { kind: 'message', channel: 'analysis', text: item.text };
      case 'tool_call': {
        const { recipient, isDeclared, isGuessed, channel = 'commentary' } = item;
        const [callId, name, owner] = [callIdOf(itemIndex), functionName(recipient), ownerOf(item)];
        const text = item.arguments;
        calls.push({ callId, name, arguments: text, recipient, channel, owner, isDeclared, isGuessed });
        return {
          kind: 'tool_call',
          callId,
          name,
          arguments: text,
          freeform: item.isFreeform,
          owner,
          declared: isDeclared,
          guessed: isGuessed,
        };
      }
    }
  };

  const bodiesOf = (events: readonly HarmonyEvent[]): ResponseEventBody[] =>
    events.map(bodyOf).filter((body) => body !== null);

  return {
    push: (token) => bodiesOf(decoder.push(token)),
    finish: (reason) =>
      bodiesOf(decoder.finish().filter((event) => reason === 'stop' || !isCutOffCall(event))),
    calls: () => calls,
    messages: () => decoder.messages,
    numReasoningTokens: () => decoder.usage.analysis,
    repairs: () => decoder.repairCounts,
    inside: decoder,
  };
};

const functionName = (recipient: string): string =>
  recipient.startsWith(FUNCTIONS) ? recipient.slice(FUNCTIONS.length) : recipient;

const isCutOffCall = (event: HarmonyEvent): boolean =>
  event.type === 'output_item.done' && event.item.type === 'tool_call' && event.item.status === 'incomplete';
