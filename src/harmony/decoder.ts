// Generated tokens → events and messages. The daemon decodes in tolerant mode, which mends whatever a
// model gets wrong; strict and lenient do what the official parser does.

import type { Message, Role } from './conversation.js';
import type { DecoderCore, DecoderState } from './decoder-core.js';
import type { HarmonyEvent } from './events.js';
import {
  createMessageAssembler,
  type DecoderSink,
  type Include,
  type TokenUsage,
} from './message-assembler.js';
import { createOfficialDecoder } from './official-decoder.js';
import type { RepairName } from './repairs.js';
import { createTolerantDecoder } from './tolerant-decoder.js';
import type { Tokenizer } from './tokenizer.js';
import { createToolNames } from './tool-names.js';

export interface DecoderOptions {
  readonly tokenizer: Tokenizer;
  /** Default: tolerant. `strict` and `lenient` throw `invalid_request` where the official parser does. */
  readonly mode?: 'tolerant' | 'strict' | 'lenient';
  /** Role whose header the prompt opened; null: the tokens begin with <|start|>. Default: assistant. */
  readonly role?: Role | null;
  /** Full names of the tools that were offered (`functions.shell`, `python`); see `declaredTools`. Default: none. */
  readonly tools?: Iterable<string>;
  /** Those of them whose argument is a text, not JSON. Default: none. */
  readonly freeformTools?: Iterable<string>;
  /** What is delivered beside final text and complete calls. Default: nothing. */
  readonly include?: Partial<Include>;
}

export interface HarmonyDecoder {
  /** Takes one generated token. In tolerant mode it never throws, whatever the id. */
  push(token: number): readonly HarmonyEvent[];
  /** The tokens are over: closes what is open. Calling it again does nothing. */
  finish(): readonly HarmonyEvent[];
  /** Every completed message, reasoning included, as the conversation takes it. */
  readonly messages: readonly Message[];
  readonly usage: Readonly<TokenUsage>;
  readonly repairCounts: Readonly<Partial<Record<RepairName, number>>>;
  /** A <|return|> or <|call|> ended the turn: generation should have stopped. */
  readonly hasEnded: boolean;
  /** A message's life; cheap to ask after every token, other than `view`. */
  readonly state: DecoderState;
  view(): DecoderView;
}

/** A look inside, for the debug view and for tests. */
export interface DecoderView {
  readonly state: DecoderState;
  readonly role: Role | null;
  readonly channel: string | null;
  readonly recipient: string | null;
  readonly contentType: string | null;
  /** Content that the last token completed; null if none. */
  readonly lastDelta: string | null;
  /** The header so far, markers as text. */
  readonly headerText: string;
  readonly numMessages: number;
}

const NO_EVENTS: readonly HarmonyEvent[] = [];

export const createDecoder = (options: DecoderOptions): HarmonyDecoder => {
  const { tokenizer, mode = 'tolerant', role = 'assistant', include = {} } = options;
  const repairCounts: Partial<Record<RepairName, number>> = {};
  let events: HarmonyEvent[] | undefined;

  const emit = (event: HarmonyEvent): void => {
    if (events === undefined) events = [event];
    else events.push(event);
  };
  const take = (): readonly HarmonyEvent[] => {
    if (events === undefined) return NO_EVENTS;
    const taken = events;
    events = undefined;
    return taken;
  };
  const sink: DecoderSink = {
    textDelta: (itemIndex, phase, delta) => emit({ type: 'output_text.delta', itemIndex, phase, delta }),
    reasoningDelta: (itemIndex, delta) => emit({ type: 'reasoning.delta', itemIndex, delta }),
    argumentsDelta: (itemIndex, recipient, delta) =>
      emit({ type: 'tool_call.arguments.delta', itemIndex, recipient, delta }),
    itemDone: (itemIndex, item) => emit({ type: 'output_item.done', itemIndex, item }),
  };
  const { texts, harmony: markers } = tokenizer;
  const assembler = createMessageAssembler({
    texts,
    sink,
    include: {
      reasoning: include.reasoning ?? false,
      preambles: include.preambles ?? false,
      toolArguments: include.toolArguments ?? false,
    },
    tracksDeltas: mode !== 'tolerant',
  });
  const toolNames = createToolNames(options.tools ?? [], options.freeformTools ?? []);
  const shared = { texts, markers, assembler, role: role ?? undefined };
  const core: DecoderCore =
    mode === 'tolerant'
      ? createTolerantDecoder({
          ...shared,
          toolNames,
          endOfText: tokenizer.specialTokens.get('<|endoftext|>'),
          deliversPreambles: include.preambles ?? false,
          repaired(repair) {
            repairCounts[repair] = (repairCounts[repair] ?? 0) + 1;
            emit({ type: 'repaired', repair, tokenIndex: Math.max(0, assembler.usage.total - 1) });
          },
        })
      : createOfficialDecoder({ ...shared, isStrict: mode === 'strict', toolNames });

  return {
    push(token) {
      core.push(token);
      return events === undefined ? NO_EVENTS : take();
    },
    finish() {
      core.finish();
      return take();
    },
    messages: assembler.messages,
    usage: assembler.usage,
    repairCounts,
    get hasEnded() {
      return core.hasEnded;
    },
    get state() {
      return core.state;
    },
    view: () => ({
      state: core.state,
      role: core.role ?? null,
      channel: assembler.header?.channel ?? null,
      recipient: assembler.header?.recipient ?? null,
      contentType: assembler.header?.contentType ?? null,
      lastDelta: assembler.lastDelta === '' ? null : assembler.lastDelta,
      headerText: core.headerText,
      numMessages: assembler.messages.length,
    }),
  };
};
