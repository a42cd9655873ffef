// A streamed answer over HTTP, as a client of OpenAI's API reads it: one terminal event, and nothing behind it.

import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Ledger } from './ledger.js';

export type Api = 'responses' | 'chat';

export interface StreamedReply {
  /** `completed`, `failed: CODE`, `incomplete`, `status: 503`, `left`. */
  readonly end: string;
  /** What the terminal event of a response carried. */
  readonly output: readonly Readonly<Record<string, unknown>>[];
}

export interface StreamOptions {
  readonly url: string;
  readonly api: Api;
  readonly body: Readonly<Record<string, unknown>>;
  readonly ledger: Ledger;
  readonly signal?: AbortSignal;
  /** Between two reads of the stream. */
  readonly readDelayMs?: number;
}

interface Event {
  readonly type?: string;
  readonly response?: {
    readonly output?: StreamedReply['output'];
    readonly error?: { readonly code: string } | null;
  };
  readonly choices?: readonly {
    readonly finish_reason: string | null;
    readonly delta: { readonly content?: string | null };
  }[];
  readonly error?: { readonly code: string };
}

const PATHS: Readonly<Record<Api, string>> = { responses: '/v1/responses', chat: '/v1/chat/completions' };

export const stream = async (options: StreamOptions): Promise<StreamedReply> => {
  const { url, api, body, ledger, signal, readDelayMs = 0 } = options;
  const ends: string[] = [];
  let output: StreamedReply['output'] = [];
  let lastMs = performance.now();
  let hasText = false;
  const heard = (event: Event): void => {
    if (ends.length > 0)
      ledger.violation(`HTTP ${api}: ${event.type ?? 'a chunk'} behind the terminal event`);
    const nowMs = performance.now();
    // The first chunk of a chat completion has a role and no text.
    if (event.type?.endsWith('.delta') === true || (event.choices?.[0]?.delta.content ?? '') !== '') {
      if (hasText) ledger.gap(nowMs - lastMs);
      else ledger.firstToken(nowMs - lastMs);
      hasText = true;
      lastMs = nowMs;
    }
    const end = endOf(event);
    if (end === null) return;
    ends.push(end);
    output = event.response?.output ?? [];
  };
  try {
    const response = await post(new URL(PATHS[api], url), { ...body, stream: true }, signal);
    const { statusCode: status = 0 } = response;
    if (status !== 200) {
      const { error } = (await json(response)) as { readonly error: { readonly code: string } };
      if (status === 503 && response.headers['retry-after'] === undefined)
        ledger.violation('HTTP 503 without Retry-After');
      return { end: `status ${status}: ${error.code}`, output };
    }
    let text = '';
    response.setEncoding('utf8');
    for await (const chunk of response as AsyncIterable<string>) {
      text += chunk;
      const pieces = text.split('\n\n');
      text = pieces.pop() ?? '';
      for (const piece of pieces) {
        const data = /^data: (.*)$/m.exec(piece)?.[1];
        if (data !== undefined && data !== '[DONE]') heard(JSON.parse(data) as Event);
      }
      if (readDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, readDelayMs));
    }
  } catch (error) {
    if (signal?.aborted === true) return { end: 'left', output };
    throw error;
  }
  if (ends.length !== 1) ledger.violation(`HTTP ${api}: ${ends.length} terminal events`);
  return { end: ends[0] ?? 'none', output };
};

/** On a connection of its own, which ends with the answer. */
const post = (url: URL, body: unknown, signal: AbortSignal | undefined): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    const asked = request(url, { method: 'POST', headers, agent: false, ...(signal && { signal }) }, resolve);
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });

const endOf = ({ type, response, choices, error }: Event): string | null => {
  if (error !== undefined) return `failed: ${error.code}`;
  const finished = choices?.find(({ finish_reason: reason }) => reason !== null)?.finish_reason;
  if (finished !== undefined) return `completed: ${finished}`;
  if (type === 'response.completed' || type === 'response.incomplete') return type.slice('response.'.length);
  return type === 'response.failed' ? `failed: ${response?.error?.code ?? 'unknown'}` : null;
};
