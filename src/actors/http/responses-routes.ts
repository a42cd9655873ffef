// /v1/responses: asked, streamed or whole, kept for those who go on from them, and given out again.

import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { refusal } from '../../ipc/http/api-error.js';
import { createDatePins, MAX_PINNED_CONVERSATIONS, statedDate } from '../../ipc/http/conversation-date.js';
import { parseBody, ResponsesBody } from '../../ipc/http/responses-body.js';
import { createResponsesEncoder, STOPPING } from '../../ipc/http/responses-encoder.js';
import { readResponsesRequest } from '../../ipc/http/responses-request.js';
import { createResponseStore, type StoredResponse } from '../../ipc/http/response-store.js';
import { sseEvent } from '../../ipc/http/sse.js';
import type { ResponseEvent, WireError } from '../../ipc/protocol.js';
import type { DaemonService } from '../../ipc/service.js';
import { type AnswerSurroundings, sendAnswer, streamAnswer } from './answer.js';
import { type Exchange, readJsonBody, sendJson } from './exchange.js';
import { createRespondRequest } from './respond-request.js';
import { chooseCheckpoint } from './choose-checkpoint.js';
import type { Route } from './http-router.js';

export interface ResponsesRoutesOptions extends AnswerSurroundings {
  readonly service: DaemonService;
  readonly maxBodyBytes: number;
  readonly logger: Logger;
  /** YYYY-MM-DD */
  readonly today: () => string;
}

export const createResponsesRoutes = (options: ResponsesRoutesOptions): readonly Route[] => {
  const { service, maxBodyBytes, logger, today } = options;
  const store = createResponseStore();
  const pins = createDatePins(MAX_PINNED_CONVERSATIONS);

  const find = (id: string): StoredResponse => {
    const stored = store.get(id);
    if (stored === undefined) throw noSuchResponse(id);
    return stored;
  };

  const respond = async (exchange: Exchange): Promise<void> => {
    const body = parseBody(ResponsesBody, await readJsonBody(exchange, maxBodyBytes));
    const previousId = body.previous_response_id ?? null;
    const previous = previousId === null ? null : find(previousId);
    const asked = readResponsesRequest(body, {
      checkpoint: await chooseCheckpoint(service, body.model ?? null),
      previous: previous?.conversation ?? [],
    });
    const id = `resp_${randomBytes(24).toString('hex')}`;
    const conversation = body.prompt_cache_key ?? oneOf(exchange.request.headers['thread-id']);
    const date =
      previous?.date ??
      statedDate(asked.options.items) ??
      (conversation === undefined ? today() : pins.dateOf(conversation, today()));
    const request = createRespondRequest(`http/${id}`, { ...asked.options, currentDate: date });
    if (asked.ignored.length > 0)
      logger.info(
        { exchange: exchange.id, ignored: asked.ignored },
        'left out of a request: not for this model',
      );
    logger.debug(
      { exchange: exchange.id, requestId: request.requestId, stream: asked.stream },
      'response asked',
    );

    const encoder = createResponsesEncoder({
      ...asked,
      id,
      createId: () => randomBytes(24).toString('hex'),
      nowS: () => Math.floor(Date.now() / 1000),
      isStopping: () => !service.health().ok,
    });
    const keep = (): void => {
      const response = encoder.response();
      if (!asked.store || !['completed', 'incomplete'].includes(response.status)) return;
      store.put({ response, conversation: [...request.items, ...encoder.conversation()], date });
    };
    if (asked.stream) {
      streamAnswer(
        exchange,
        {
          request,
          encode: (event) => encoder.encode(event).map(sseEvent).join(''),
          heartbeat: () => sseEvent(encoder.heartbeat()),
          onEnded: keep,
        },
        options,
      );
      return;
    }
    let error: WireError | null = null;
    sendAnswer(
      exchange,
      {
        request,
        take: (event) => {
          encoder.encode(event);
          error = errorOf(event);
          keep();
        },
        body: () =>
          encoder.response().status === 'failed'
            ? { error: error ?? STOPPING }
            : { json: encoder.response() },
      },
      options,
    );
  };

  return [
    { method: 'POST', path: '/v1/responses', handle: respond },
    {
      method: 'GET',
      path: '/v1/responses/*',
      handle: (exchange) => sendJson(exchange, 200, find(exchange.parameter).response),
    },
    {
      method: 'DELETE',
      path: '/v1/responses/*',
      handle: (exchange) => {
        if (!store.remove(exchange.parameter)) throw noSuchResponse(exchange.parameter);
        sendJson(exchange, 200, { id: exchange.parameter, object: 'response', deleted: true });
      },
    },
  ];
};

const errorOf = (event: ResponseEvent): WireError | null => (event.type === 'failed' ? event.error : null);

const oneOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

const noSuchResponse = (id: string) =>
  refusal({
    status: 404,
    code: 'invalid_request',
    message: `There is no response ${JSON.stringify(id.slice(0, 100))} any more: only the latest are kept, in memory. Send the whole conversation in input.`,
    apiCode: 'previous_response_not_found',
    param: 'previous_response_id',
  });
