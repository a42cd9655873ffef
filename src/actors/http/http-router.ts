// From a request to its route: access, method, path; and from whatever a route throws to an answer.

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { CodexpcError } from '../../errors.js';
import type { FrontEndCounters } from '../../ipc/counters.js';
import { type AccessPolicy, refuseAccess } from '../../ipc/http/access.js';
import { refusal } from '../../ipc/http/api-error.js';
import { type Peer, peerOf } from './foreign-peer.js';
import { discardBody, type Exchange, sendError } from './exchange.js';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `/v1/models/*`: the rest of the path, decoded, is the exchange's parameter. */
  readonly path: string;
  readonly handle: (exchange: Exchange) => Promise<void> | void;
}

export interface HttpRouterOptions {
  readonly routes: readonly Route[];
  readonly access: AccessPolicy;
  readonly counters: FrontEndCounters;
  readonly logger: Logger;
}

export const createHttpRouter = ({ routes, access, counters, logger }: HttpRouterOptions) => {
  const handle = async (exchange: Exchange): Promise<void> => {
    const { request, path } = exchange;
    const { headers } = request;
    if (headers.host === undefined && request.httpVersion === '1.1') throw noHost();
    // Node keeps the first of them, and a proxy in front may have gone by another.
    if ((request.headersDistinct['host']?.length ?? 0) > 1) throw manyHosts();
    let peer = 'own' as Peer; // asked of where it matters
    const refused = refuseAccess(access, {
      path,
      host: headers.host,
      origin: headers.origin,
      secFetchSite: oneOf(headers['sec-fetch-site']),
      authorization: headers.authorization,
      isForeign: () => (peer = peerOf(request.socket)) !== 'own',
    });
    if (refused !== null) {
      if (peer === 'gone') {
        logger.debug({ exchange: exchange.id, path }, 'a client left before it was known whose it is');
      } else {
        counters.connectionRefused();
        logger.warn({ exchange: exchange.id, path }, refused.message);
      }
      throw refused;
    }
    // What GET answers, HEAD may ask for: Node sends no body then.
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const matching = routes.flatMap((route) => {
      const parameter = matchPath(route.path, path);
      return parameter === null ? [] : [{ route, parameter }];
    });
    const found = matching.find(({ route }) => route.method === method);
    if (found === undefined) throw matching.length === 0 ? noSuchRoute(path) : wrongMethod(matching);
    await found.route.handle({ ...exchange, parameter: found.parameter });
  };

  return (request: IncomingMessage, response: ServerResponse): void => {
    const id = requestIdOf(request);
    const path = (request.url ?? '/').split('?', 1)[0]!.slice(0, 1024);
    const exchange: Exchange = { request, response, id, path, parameter: '' };
    response.setHeader('x-request-id', id);
    response.on('error', () => {}); // the client has gone; who writes to it hears of that by 'close'
    handle(exchange)
      .catch((error: unknown) => {
        if (request.destroyed && !request.complete) return; // it went before it had asked
        if (!(error instanceof CodexpcError))
          logger.error({ err: error, exchange: id, path }, 'an HTTP request failed unexpectedly');
        sendError(exchange, error);
      })
      .finally(() => discardBody(request))
      .catch((error: unknown) => {
        logger.error({ err: error, exchange: id, path }, 'an HTTP answer could not be written');
        response.destroy();
      });
  };
};

const matchPath = (pattern: string, path: string): string | null => {
  if (!pattern.endsWith('*')) return pattern === path ? '' : null;
  const prefix = pattern.slice(0, -1);
  if (!path.startsWith(prefix) || path.length === prefix.length) return null;
  try {
    return decodeURIComponent(path.slice(prefix.length));
  } catch {
    return null;
  }
};

/** The client's own, so that it can be found in the log, if it is fit to be written there. */
const requestIdOf = ({ headers }: IncomingMessage): string => {
  const given = oneOf(headers['x-request-id']) ?? '';
  return /^[\w.-]{1,100}$/.test(given) ? given : `req_${randomBytes(12).toString('hex')}`;
};

const oneOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header;

const noHost = (): CodexpcError =>
  refusal({
    status: 400,
    code: 'invalid_request',
    message: 'The request has no Host header, which HTTP/1.1 asks for. Send one: 127.0.0.1 or localhost.',
  });

const manyHosts = (): CodexpcError =>
  refusal({
    status: 400,
    code: 'invalid_request',
    message: 'The request has more than one Host header. Send one: 127.0.0.1 or localhost.',
  });

const noSuchRoute = (path: string): CodexpcError =>
  refusal({
    status: 404,
    code: 'invalid_request',
    message: `There is nothing at ${path.slice(0, 100)}. The API is under /v1: responses, chat/completions and models.`,
  });

const wrongMethod = (matching: ReadonlyArray<{ readonly route: Route }>): CodexpcError => {
  const allowed = [...new Set(matching.map(({ route }) => route.method))].join(', ');
  return refusal({
    status: 405,
    code: 'invalid_request',
    message: `This path takes ${allowed} only.`,
    headers: { allow: allowed },
  });
};
