// `--json`: each event as one line, as the protocol has it.

import { type Completed, fromWireError, type ResponseEvent } from '../../ipc/protocol.js';
import type { Output } from '../output.js';

/** Ends with the last event, or with the error that ended the response (its event was printed too). */
export const printJson = async (events: AsyncIterable<ResponseEvent>, output: Output): Promise<Completed> => {
  for await (const event of events) {
    await output.write(`${JSON.stringify(event)}\n`);
    if (event.type === 'completed') return event;
    if (event.type === 'failed') throw fromWireError(event.error);
  }
  throw new Error('the response ended without a last event');
};
