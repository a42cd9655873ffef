// The engine's thread of bench:ipc: a token each two milliseconds, as msgpack over a MessagePort.

import { type MessagePort, parentPort } from 'node:worker_threads';
import { Packr, Unpackr } from 'msgpackr';

const TOKEN_INTERVAL_MS = 2;
const packr = new Packr({ useRecords: false });

parentPort?.once(
  'message',
  ({ port, request }: { readonly port: MessagePort; readonly request: Uint8Array }) => {
    const { count } = new Unpackr({ useRecords: false }).unpack(request) as { readonly count: number };
    let sent = 0;
    const timer = setInterval(() => {
      // A copy of its own: cloning a view clones the whole buffer that msgpackr writes into.
      port.postMessage(new Uint8Array(packr.pack({ text: process.hrtime.bigint().toString() })));
      if (++sent === count) clearInterval(timer);
    }, TOKEN_INTERVAL_MS);
  },
);
