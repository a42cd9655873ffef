// The events of one response on their way to its sink: numbered, in order, held back while the sink is full. What can
// pile up here is bounded by the tokens that the session has been granted.

import type { ResponseEvent } from '../ipc/protocol.js';
import type { ResponseSink } from '../ipc/service.js';

type DistributiveOmit<Union, Keys extends PropertyKey> = Union extends unknown ? Omit<Union, Keys> : never;
export type ResponseEventBody = DistributiveOmit<ResponseEvent, 'requestId' | 'sequence'>;

export interface OutboxOptions {
  readonly requestId: string;
  readonly sink: ResponseSink;
  /** An event had to be held back. */
  readonly onStalled: () => void;
  readonly onDrained: () => void;
}

export interface Outbox {
  send(body: ResponseEventBody): void;
  numHeld(): number;
}

export const createOutbox = ({ requestId, sink, onStalled, onDrained }: OutboxOptions): Outbox => {
  const held: ResponseEventBody[] = [];
  let sequence = 0;
  let isStalled = false;

  const pass = (body: ResponseEventBody): void => {
    isStalled = !sink.send({ ...body, requestId, sequence: sequence++ } as ResponseEvent);
  };

  sink.onDrain(() => {
    isStalled = false;
    while (held.length > 0 && !isStalled) pass(held.shift()!);
    if (!isStalled) onDrained();
  });

  return {
    send: (body) => {
      if (!isStalled) {
        pass(body);
        return;
      }
      // Progress is worth nothing later.
      if (body.type !== 'progress') held.push(body);
      onStalled();
    },
    numHeld: () => held.length,
  };
};
