// One response of the daemon as an HTTP answer: a stream of events or one JSON object. The headers of a stream wait for
// its first real event, so that what fails before it has a status of its own; heartbeats let no client wait unsure.

import type { FrontEndCounters } from '../../ipc/counters.js';
import { SSE_HEADERS } from '../../ipc/http/sse.js';
import {
  fromWireError,
  isTerminal,
  type Respond,
  type ResponseEvent,
  type WireError,
} from '../../ipc/protocol.js';
import type { CancelReason, DaemonService } from '../../ipc/service.js';
import type { Timers } from '../../ipc/timers.js';
import { ResponseStream } from '../response-stream.js';
import { type Exchange, sendError, sendJson } from './exchange.js';

export interface AnswerLimits {
  /** A stream is never silent for twice as long. Codex' own limit is 300 s, or what its user has set. */
  readonly heartbeatMs: number;
  /** A client that reads nothing for so long is taken to have gone: its answer holds a place in the engine. */
  readonly stalledMs: number;
}

export const DEFAULT_ANSWER_LIMITS: AnswerLimits = { heartbeatMs: 5_000, stalledMs: 120_000 };

/** What answers have in common. */
export interface AnswerSurroundings {
  readonly service: Pick<DaemonService, 'respond' | 'cancel'>;
  readonly counters: FrontEndCounters;
  readonly timers: Timers;
  readonly limits: AnswerLimits;
  readonly running: RunningAnswers;
}

/** The answers under way, so that they can be ended together. */
export class RunningAnswers {
  readonly #cancels = new Set<(reason: CancelReason) => void>();

  add(cancel: (reason: CancelReason) => void): () => void {
    this.#cancels.add(cancel);
    return () => this.#cancels.delete(cancel);
  }

  end(): void {
    for (const cancel of [...this.#cancels]) cancel('shutdown');
  }
}

export interface StreamedAnswer {
  readonly request: Respond;
  /** The text to send for an event; '' for none. */
  encode(event: ResponseEvent): string;
  heartbeat(): string;
  /** The last event has been encoded. */
  onEnded(): void;
}

/** Errors: those of DaemonService.respond. */
export const streamAnswer = (
  exchange: Exchange,
  { request, encode, heartbeat, onEnded }: StreamedAnswer,
  { service, counters, timers, limits, running }: AnswerSurroundings,
): void => {
  const { response } = exchange;
  if (hasGone(exchange)) return;
  const { requestId } = request;
  let held = ''; // until the headers are sent
  let isOver = false;
  let hasWritten = false; // since the last beat
  let hasDrained = false;
  let stalledMs = 0;

  const send = (text: string): boolean => {
    if (!response.headersSent) response.writeHead(200, SSE_HEADERS);
    hasWritten = true;
    const whole = held + text;
    held = '';
    return response.write(whole);
  };

  const write = (event: ResponseEvent): boolean => {
    const text = encode(event);
    if (isTerminal(event)) {
      finish();
      onEnded();
      if (event.type === 'failed' && !response.headersSent) sendError(exchange, fromWireError(event.error));
      else {
        send(text);
        response.end();
      }
      return true;
    }
    if (!response.headersSent && isPreliminary(event)) {
      held += text;
      return true;
    }
    return text === '' ? !response.writableNeedDrain : send(text);
  };

  const beat = (): void => {
    const isFull = response.writableNeedDrain;
    stalledMs = isFull && !hasDrained ? stalledMs + limits.heartbeatMs : 0;
    if (stalledMs >= limits.stalledMs) {
      response.destroy();
      return;
    }
    if (!hasWritten && !isFull) send(heartbeat());
    hasWritten = false;
    hasDrained = false;
    cancelBeat = timers.after(limits.heartbeatMs, beat);
  };

  const finish = (): void => {
    isOver = true;
    cancelBeat();
    forget();
  };

  const stream = new ResponseStream({ write, counters });
  const forget = running.add((reason) => service.cancel(requestId, reason));
  let cancelBeat = timers.after(limits.heartbeatMs, beat);
  response.on('drain', () => {
    hasDrained = true;
    stream.resume();
  });
  response.on('close', () => {
    if (isOver) return;
    finish();
    service.cancel(requestId, 'client_gone'); // first: a producer that is let go must find itself cancelled
    stream.abandon();
  });
  try {
    service.respond(request, stream);
  } catch (error) {
    finish();
    throw error;
  }
};

export interface WholeAnswer {
  readonly request: Respond;
  take(event: ResponseEvent): void;
  /** What is sent in the end. A failed response is answered by its error instead. */
  body(): { readonly error: WireError } | { readonly json: unknown };
}

/** Errors: those of DaemonService.respond. */
export const sendAnswer = (
  exchange: Exchange,
  { request, take, body }: WholeAnswer,
  { service, running }: AnswerSurroundings,
): void => {
  const { response } = exchange;
  if (hasGone(exchange)) return;
  const { requestId } = request;
  let isOver = false;
  const finish = (): void => {
    isOver = true;
    forget();
  };
  const forget = running.add((reason) => service.cancel(requestId, reason));
  response.on('close', () => {
    if (isOver) return;
    finish();
    service.cancel(requestId, 'client_gone');
  });
  const send = (event: ResponseEvent): boolean => {
    if (isOver) return true;
    take(event);
    if (!isTerminal(event)) return true;
    finish();
    const result = body();
    if ('error' in result) sendError(exchange, fromWireError(result.error));
    else sendJson(exchange, 200, result.json);
    return true;
  };
  try {
    service.respond(request, { send, onDrain: () => {} });
  } catch (error) {
    finish();
    throw error;
  }
};

/** Its client left while the request was being read: `close` will not come again, so nobody would ever end the work. */
const hasGone = ({ response }: Exchange): boolean => response.destroyed;

/** Nothing that has been computed: the request may still turn out to be impossible. */
const isPreliminary = (event: ResponseEvent): boolean =>
  event.type === 'created' || (event.type === 'progress' && event.phase !== 'prefill');
