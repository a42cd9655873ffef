// The chart of the Harmony decoder, to be drawn and followed like a machine's. The decoder itself is written by hand, as
// it runs for every token; a test holds it to this chart.

import { createMachine } from 'xstate';

export type DecoderChartState = 'between' | 'header' | 'body' | 'ended';

/** What has happened when the decoder is in another state than before. */
export const DECODER_EVENTS: Readonly<Record<DecoderChartState, string>> = {
  between: 'message.ended',
  header: 'header.opened',
  body: 'content.begun',
  ended: 'turn.ended',
};

const on = (...targets: readonly DecoderChartState[]) =>
  Object.fromEntries(targets.map((target) => [DECODER_EVENTS[target], target]));

export const decoderChart = createMachine({
  id: 'decoder',
  initial: 'header', // the prompt has opened it
  states: {
    between: { on: on('header', 'body', 'ended') },
    header: { on: on('body', 'between', 'ended') },
    // A header within a message: it was not ended, or goes on if this turns out to be none.
    body: { on: on('between', 'header', 'ended') },
    ended: { type: 'final' },
  },
});
