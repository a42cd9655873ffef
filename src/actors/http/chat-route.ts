// POST /v1/chat/completions: for the many programs that speak nothing newer.

import { randomBytes } from 'node:crypto';
import { toApiError } from '../../ipc/http/api-error.js';
import { ChatBody } from '../../ipc/http/chat-body.js';
import { type ChatChunk, createChatEncoder } from '../../ipc/http/chat-encoder.js';
import { readChatRequest } from '../../ipc/http/chat-request.js';
import { createDatePins, MAX_PINNED_CONVERSATIONS } from '../../ipc/http/conversation-date.js';
import { parseBody } from '../../ipc/http/responses-body.js';
import { SSE_DONE, sseData } from '../../ipc/http/sse.js';
import { fromWireError, isTerminal, type ResponseEvent } from '../../ipc/protocol.js';
import { sendAnswer, streamAnswer } from './answer.js';
import { chooseCheckpoint } from './choose-checkpoint.js';
import { readJsonBody } from './exchange.js';
import type { Route } from './http-router.js';
import { createRespondRequest } from './respond-request.js';
import type { ResponsesRoutesOptions } from './responses-routes.js';

export const createChatRoute = (options: ResponsesRoutesOptions): Route => {
  const { service, maxBodyBytes, logger, today } = options;
  const pins = createDatePins(MAX_PINNED_CONVERSATIONS);
  return {
    method: 'POST',
    path: '/v1/chat/completions',
    handle: async (exchange) => {
      const body = parseBody(ChatBody, await readJsonBody(exchange, maxBodyBytes));
      const asked = readChatRequest(body, await chooseCheckpoint(service, body.model ?? null));
      const id = `chatcmpl-${randomBytes(12).toString('hex')}`;
      const key = body.prompt_cache_key ?? null;
      const currentDate = key === null ? today() : pins.dateOf(key, today());
      const request = createRespondRequest(`http/${id}`, { ...asked.options, currentDate });
      if (asked.ignored.length > 0)
        logger.info(
          { exchange: exchange.id, ignored: asked.ignored },
          'left out of a request: not for this model',
        );
      const encoder = createChatEncoder({
        ...asked,
        id,
        createdS: Math.floor(Date.now() / 1000),
        isStopping: () => !service.health().ok,
      });
      const take = (event: ResponseEvent): readonly ChatChunk[] => {
        const hadStopped = encoder.hasStopped();
        const chunks = encoder.encode(event);
        // Not within the event: whoever sends it has not finished with it.
        if (encoder.hasStopped() && !hadStopped)
          queueMicrotask(() => service.cancel(request.requestId, 'cancelled'));
        return chunks;
      };
      if (!asked.stream) {
        const bodyOf = () => {
          const error = encoder.error();
          return error === null ? { json: encoder.completion() } : { error };
        };
        sendAnswer(exchange, { request, take: (event) => void take(event), body: bodyOf }, options);
        return;
      }
      streamAnswer(
        exchange,
        {
          request,
          encode: (event) => {
            const chunks = take(event).map(sseData).join('');
            if (!isTerminal(event)) return chunks;
            const error = encoder.error();
            // OpenAI's SDK throws when a chunk holds an error.
            return error === null
              ? chunks + SSE_DONE
              : chunks + sseData(toApiError(fromWireError(error)).body);
          },
          heartbeat: () => sseData(encoder.heartbeat()),
          onEnded: () => {},
        },
        options,
      );
    },
  };
};
