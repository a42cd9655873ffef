// Runs a decoder over tokens and gathers everything it delivered.

import type { DecoderOptions, HarmonyDecoder } from '../../src/harmony/decoder.js';
import { createDecoder } from '../../src/harmony/decoder.js';
import type { HarmonyEvent, OutputItem } from '../../src/harmony/events.js';
import { toVector, type VectorMessage } from './vectors.js';

export interface DecoderRun {
  readonly decoder: HarmonyDecoder;
  readonly events: readonly HarmonyEvent[];
  readonly items: readonly OutputItem[];
  readonly messages: readonly VectorMessage[];
  /** Text deltas of the final answer, joined. */
  readonly answer: string;
  readonly repairs: Readonly<Record<string, number>>;
}

export const runDecoder = (tokens: Iterable<number>, options: DecoderOptions): DecoderRun => {
  const decoder = createDecoder(options);
  const events: HarmonyEvent[] = [];
  for (const token of tokens) events.push(...decoder.push(token));
  events.push(...decoder.finish());
  return {
    decoder,
    events,
    items: events.flatMap((event) => (event.type === 'output_item.done' ? [event.item] : [])),
    messages: decoder.messages.map(toVector),
    answer: events
      .map((event) =>
        event.type === 'output_text.delta' && event.phase === 'final_answer' ? event.delta : '',
      )
      .join(''),
    repairs: decoder.repairCounts,
  };
};
