// What there is and whether it works: health, and the models in the words of OpenAI and of Ollama, whose few small
// routes let `codex --oss` use this daemon unchanged.

import * as z from 'zod';
import { invalidBody } from '../../ipc/http/api-error.js';
import { checkpointFor, findListed, listModels, listTags } from '../../ipc/http/model-names.js';
import type { DaemonService } from '../../ipc/service.js';
import { readJsonBody, sendJson, sendText } from './exchange.js';
import type { Route } from './http-router.js';

export interface ModelRoutesOptions {
  readonly service: Pick<DaemonService, 'health' | 'listModels'>;
  readonly version: string;
  readonly startedMs: number;
  readonly maxBodyBytes: number;
}

/** The version of Ollama whose API this is enough of; Codex refuses those below 0.13.4. */
const OLLAMA_VERSION = '0.14.0';

const PullBody = z.object({ model: z.string().optional(), name: z.string().optional() });

export const createModelRoutes = ({
  service,
  version,
  startedMs,
  maxBodyBytes,
}: ModelRoutesOptions): readonly Route[] => {
  const created = Math.floor(startedMs / 1000);
  return [
    {
      method: 'GET',
      path: '/health',
      handle: (exchange) => {
        const health = service.health();
        sendJson(exchange, health.ok ? 200 : 503, health, health.ok ? {} : { 'retry-after': '1' });
      },
    },
    {
      method: 'GET',
      path: '/v1/models',
      handle: async (exchange) => sendJson(exchange, 200, listModels(await service.listModels(), created)),
    },
    {
      method: 'GET',
      path: '/v1/models/*',
      handle: async (exchange) =>
        sendJson(exchange, 200, findListed(exchange.parameter, await service.listModels(), created)),
    },
    {
      method: 'GET',
      path: '/api/version',
      handle: (exchange) => sendJson(exchange, 200, { version: OLLAMA_VERSION, codexpc: version }),
    },
    {
      method: 'GET',
      path: '/api/tags',
      handle: async (exchange) => sendJson(exchange, 200, listTags(await service.listModels())),
    },
    {
      // Nothing is downloaded: a model that is here has been pulled, and another is not to be had.
      method: 'POST',
      path: '/api/pull',
      handle: async (exchange) => {
        const body = PullBody.safeParse(await readJsonBody(exchange, maxBodyBytes));
        const name = body.data?.model ?? body.data?.name;
        if (name === undefined) throw invalidBody('it names no model', 'model');
        checkpointFor(name, await service.listModels());
        const { response } = exchange;
        sendText(response, 200, '{"status":"success"}\n', { 'content-type': 'application/x-ndjson' });
      },
    },
  ];
};
