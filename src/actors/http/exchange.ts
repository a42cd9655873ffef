// One HTTP request and its answer: reads a bounded JSON body, writes JSON or text. Streams are event-stream.ts's.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { toApiError, invalidBody, refusal } from '../../ipc/http/api-error.js';
import { jsonProblem, parseJson } from '../../ipc/http/json-guard.js';

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Sent as x-request-id; in the log. */
  readonly id: string;
  readonly path: string;
  /** What the route's pattern left open. */
  readonly parameter: string;
}

/** Errors: invalid_request. */
export const readJsonBody = async (
  { request, response }: Exchange,
  maxBodyBytes: number,
): Promise<unknown> => {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) {
    // Not only for order's sake: a web page's form cannot send this type.
    throw refusal({
      status: 415,
      code: 'invalid_request',
      message: `The body has to be JSON: send it with the header "Content-Type: application/json", not ${JSON.stringify(type.slice(0, 100))}.`,
    });
  }
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw refusal({
      status: 415,
      code: 'invalid_request',
      message: `The body is ${encoding.slice(0, 50)}-encoded, which this daemon does not read. Send it uncompressed.`,
    });
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw bodyTooLarge(maxBodyBytes);
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
  const body = await readBody(request, maxBodyBytes);
  const problem = jsonProblem(body);
  if (problem !== null) throw invalidBody(problem);
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (error) {
    throw invalidBody(
      `it is no JSON (${error instanceof Error ? error.message.slice(0, 200) : 'unreadable'})`,
    );
  }
};

const readBody = async (request: IncomingMessage, maxBytes: number): Promise<Uint8Array> => {
  const chunks: Buffer[] = [];
  let numBytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    numBytes += (chunk as Buffer).length;
    if (numBytes > maxBytes) throw bodyTooLarge(maxBytes);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
};

/** 400 and not 413: Codex sends a request again, whole, five times after any 4xx but 400 and 404. */
const bodyTooLarge = (maxBytes: number) =>
  refusal({
    status: 400,
    code: 'invalid_request',
    message: `The body is larger than ${maxBytes} bytes (http.max_body), more than any model's context holds. Shorten the conversation.`,
    apiCode: 'context_length_exceeded',
  });

export const sendJson = (
  { response }: Exchange,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void =>
  sendText(response, status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });

export const sendError = (exchange: Exchange, thrown: unknown): void => {
  const { status, headers, body } = toApiError(thrown);
  sendJson(exchange, status, body, headers);
};

export const sendText = (
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): void => {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(text)) });
  response.end(text);
};

/** Most that is read and thrown away of a body that was refused, so that its sender gets to read why. */
const MAX_DISCARDED_BYTES = 512 * 1024 * 1024;

/** Whatever of the body has not been read: a peer that is still sending would not see the answer otherwise. */
export const discardBody = (request: IncomingMessage): void => {
  if (request.complete || request.destroyed) return;
  let numBytes = 0;
  request.on('data', (chunk: Buffer) => {
    numBytes += chunk.length;
    if (numBytes > MAX_DISCARDED_BYTES) request.destroy();
  });
  request.on('error', () => {}); // it has its answer
  request.resume();
};
