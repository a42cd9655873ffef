// The other process of bench:ipc: a real front end over a service that answers at once, with an engine thread that
// stamps its tokens with the time.

import { MessageChannel, Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { Packr, Unpackr } from 'msgpackr';
import { pino } from 'pino';
import { FrontEnd } from '../../src/actors/front-end.js';
import { createFrontEndCounters } from '../../src/ipc/counters.js';
import type { Respond } from '../../src/ipc/protocol.js';
import type { ResponseSink } from '../../src/ipc/service.js';
import { openCalls, OUR_UID } from '../fixtures/front-end-harness.js';
import { ScriptedService } from '../fixtures/scripted-service.js';

const counters = createFrontEndCounters();
const unpackr = new Unpackr({ useRecords: false });
const packr = new Packr({ useRecords: false });

class BenchService extends ScriptedService {
  override respond(request: Respond, sink: ResponseSink): void {
    const [item] = request.items;
    const [verb, count] = item?.kind === 'message' ? item.text.split(' ') : [];
    if (verb === 'flood') flood(request.requestId, Number(count), sink);
    else tokens(request.requestId, Number(count), sink);
  }
}

const flood = (requestId: string, count: number, sink: ResponseSink): void => {
  let sequence = 0;
  const send = (): void => {
    while (sequence < count) {
      if (
        !sink.send({
          type: 'output_text.delta',
          requestId,
          sequence: sequence++,
          channel: 'final',
          text: ' token',
        })
      )
        return;
    }
    complete(requestId, sequence, sink);
  };
  sink.onDrain(send);
  send();
};

const tokens = (requestId: string, count: number, sink: ResponseSink): void => {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(fileURLToPath(new URL('./ipc-engine.js', import.meta.url)));
  let sequence = 0;
  port1.on('message', (frame: Uint8Array) => {
    const { text } = unpackr.unpack(frame) as { readonly text: string };
    sink.send({ type: 'output_text.delta', requestId, sequence: sequence++, channel: 'final', text });
    if (sequence < count) return;
    complete(requestId, sequence, sink);
    port1.close();
    void worker.terminate();
  });
  worker.postMessage({ port: port2, request: packr.pack({ count }) }, [port2]);
};

const complete = (requestId: string, sequence: number, sink: ResponseSink): void => {
  const usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: sequence, reasoningTokens: 0 };
  const timings = {
    queuedMs: 0,
    prefillMs: 0,
    timeToFirstTokenMs: 0,
    decodeMs: 0,
    totalMs: 0,
    prefillTokensPerSecond: 0,
    decodeTokensPerSecond: 0,
  };
  sink.send({ type: 'completed', requestId, sequence, finishReason: 'stop', usage, timings, repairs: {} });
};

const frontEnd = new FrontEnd({
  service: new BenchService(counters),
  daemon: { version: '0.0.0', pid: process.pid },
  counters,
  logger: pino({ level: 'silent' }),
  xpc: null,
  socket: { path: process.argv[2] ?? '', uid: OUR_UID, calls: openCalls },
});
await frontEnd.open();
process.send?.('listening');
process.on('disconnect', () => process.exit());
