// A streamed answer over HTTP, and what must hold of it.

import { type IncomingMessage, request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** Types of its events, in order. */
  readonly types: readonly string[];
  readonly sequence: readonly number[];
  /** Of the body of an answer that is no stream. */
  readonly errorCode: string | null;
}

interface SseEvent {
  readonly type: string;
  readonly sequence_number: number;
  readonly delta?: string;
}

const TERMINAL = ['response.completed', 'response.incomplete', 'response.failed'];

/** Null: the connection was turned away or broken off. */
export const askHttp = async (port: number, text: string, maxTokens: number): Promise<HttpAnswer | null> => {
  const body = JSON.stringify({
    model: 'faults',
    input: text,
    stream: true,
    temperature: 0,
    max_output_tokens: maxTokens,
  });
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(
        {
          port,
          host: '127.0.0.1',
          path: '/v1/responses',
          method: 'POST',
          agent: false,
          headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        },
        resolve,
      );
      asked.on('error', reject);
      asked.end(body);
    });
    let whole = '';
    response.setEncoding('utf8');
    for await (const chunk of response as AsyncIterable<string>) whole += chunk;
    return answerOf(response.statusCode ?? 0, whole);
  } catch {
    return null;
  }
};

const answerOf = (status: number, whole: string): HttpAnswer => {
  if (status !== 200) {
    const { error } = JSON.parse(whole) as { readonly error: { readonly code: string } };
    return { status, text: '', types: [], sequence: [], errorCode: error.code };
  }
  const events = [...whole.matchAll(/^data: (\{.*)$/gm)].map(
    ([, json]) => JSON.parse(json ?? '') as SseEvent,
  );
  return {
    status,
    text: events.map(({ type, delta }) => (type === 'response.output_text.delta' ? delta : '')).join(''),
    types: events.map(({ type }) => type),
    sequence: events.map(({ sequence_number: number }) => number),
    errorCode: null,
  };
};

export const faultOfHttpAnswer = (
  answer: HttpAnswer | null,
  alone: HttpAnswer,
  may: { readonly fail: boolean; readonly break: boolean },
): string | null => {
  if (answer === null) return may.break ? null : 'was broken off';
  const { status, errorCode, types, sequence, text } = answer;
  if (status !== 200)
    return may.fail && errorCode !== '' ? null : `was refused with ${status} ${errorCode ?? ''}`;
  if (types.filter((type) => TERMINAL.includes(type)).length !== 1 || !TERMINAL.includes(types.at(-1) ?? ''))
    return `ended with ${types.slice(-3).join(', ')}`;
  if (sequence.some((number, index) => number !== index)) return 'lost or reordered an event';
  if (types.at(-1) === 'response.failed')
    return may.fail && alone.text.startsWith(text) ? null : 'failed, or said something else before';
  return text === alone.text ? null : `said ${JSON.stringify(text)} instead of ${JSON.stringify(alone.text)}`;
};
