// Whole HTTP requests, as bytes, for the real listener over a scripted service.

import { connect } from 'node:net';
import { startHttpHarness } from '../fixtures/http-harness.js';

const ANSWER_LIMIT_MS = 5_000;

type Harness = Awaited<ReturnType<typeof startHttpHarness>>;
let starting: Promise<Harness> | null = null;

/** Throws where a request is not answered as HTTP, is answered by another error than ours, or does not end. */
export const askHttp = async (input: Uint8Array): Promise<void> => {
  starting ??= startHttpHarness();
  const harness = await starting;
  const heard = await exchange(Number(new URL(harness.url()).port), input);
  const answer = heard.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  if (answer === '') return; // its connection was ended: it had no whole request in it, or said CONNECT
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);
  if (status < 200 || status >= 500) throw new Error(`answered by ${JSON.stringify(answer.slice(0, 200))}`);
  if (status < 400 || Buffer.from(input).toString('latin1').startsWith('HEAD')) return;
  const [head = '', rest = ''] = answer.split(/\r\n\r\n(.*)/s);
  const length = Number(/^content-length: (\d+)\r?$/im.exec(head)?.[1]);
  const body = JSON.parse(Buffer.from(rest, 'latin1').subarray(0, length).toString('utf8')) as {
    readonly error?: { readonly message?: unknown; readonly type?: unknown; readonly code?: unknown };
  };
  const parts = [body.error?.message, body.error?.type, body.error?.code];
  if (parts.some((part) => typeof part !== 'string' || part === ''))
    throw new Error(`an error of another shape: ${JSON.stringify(body)}`);
};

export const closeHttp = async (): Promise<void> => (await starting)?.stop();

const exchange = (port: number, input: Uint8Array): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`no end within ${ANSWER_LIMIT_MS} ms; so far ${JSON.stringify(text.slice(0, 200))}`));
    }, ANSWER_LIMIT_MS);
    socket.setEncoding('latin1').on('data', (part: string) => (text += part));
    socket.on('error', () => {}); // its end is what counts
    socket.on('close', () => {
      clearTimeout(late);
      resolve(text);
    });
    socket.end(input);
  });
