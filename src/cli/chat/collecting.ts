// Passes a response's events on and keeps what the model wrote, for the next turn of the conversation.

import type { OutputItem, ResponseEvent } from '../../ipc/protocol.js';

export interface Collected {
  readonly events: AsyncIterable<ResponseEvent>;
  /** Complete once the events have ended. A message that was stopped half way is kept as far as it was seen. */
  readonly items: readonly OutputItem[];
}

export const collecting = (events: AsyncIterable<ResponseEvent>): Collected => {
  const items: OutputItem[] = [];
  let unfinished = '';
  async function* pass(): AsyncGenerator<ResponseEvent> {
    for await (const event of events) {
      if (event.type === 'output_text.delta' && event.channel === 'final') unfinished += event.text;
      else if (event.type === 'output_item.done') {
        items.push(event.item);
        if (event.item.kind === 'message' && event.item.channel === 'final') unfinished = '';
      } else if (event.type === 'completed' && unfinished !== '') {
        items.push({ kind: 'message', channel: 'final', text: unfinished });
      }
      yield event;
    }
  }
  return { events: pass(), items };
};
