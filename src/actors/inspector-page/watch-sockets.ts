// The debug stream over WebSockets: for each page what a recording of it would hold, a frame a message. A page that does
// not keep up loses events and is told how many; the daemon waits for none.

import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import type { FrontEndCounters } from '../../ipc/counters.js';
import { refuseAccess } from '../../ipc/http/access.js';
import { apiErrorOf, refusal } from '../../ipc/http/api-error.js';
import { INSPECTOR_PROTOCOL, tokenOf } from '../../ipc/http/inspector-protocol.js';
import { toWireError } from '../../ipc/protocol.js';
import { encodeRecorded, RECORDING_VERSION } from '../../ipc/recording.js';
import type { DaemonService } from '../../ipc/service.js';
import type { OnUpgrade } from '../http/http-listener.js';
import { WatchStream } from '../watch-stream.js';
import { refuseToken } from './refuse-token.js';

export interface WatchSocketsOptions {
  readonly service: Pick<DaemonService, 'watch' | 'machines'>;
  readonly daemon: { readonly version: string; readonly pid: number };
  readonly counters: FrontEndCounters;
  readonly logger: Logger;
  readonly token: string;
  readonly content: boolean;
}

export interface WatchSockets {
  readonly onUpgrade: OnUpgrade;
  /** Ends them all. */
  close(): void;
}

/** Pages at the same time: each is sent everything that happens. */
const MAX_PAGES = 8;
/** Waiting to be sent to one page; with more, events are left out. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
const RESUME_BUFFERED_BYTES = 1024 * 1024;
/** The page sends nothing. */
const MAX_RECEIVED_BYTES = 1024;

export const createWatchSockets = (options: WatchSocketsOptions): WatchSockets => {
  const { counters, logger, token } = options;
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: MAX_RECEIVED_BYTES,
    perMessageDeflate: false, // loopback is faster
    handleProtocols: () => INSPECTOR_PROTOCOL, // never the one that holds the token
  });

  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => {}); // it closes
    const refused = refuse(request, token, server.clients.size);
    if (refused !== null) {
      counters.connectionRefused();
      logger.warn({ path: pathOf(request) }, refused.message);
      const { status } = apiErrorOf(toWireError(refused));
      socket.end(
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
      );
      return;
    }
    server.handleUpgrade(request, socket, head, (webSocket) => feed(webSocket, options));
  };

  return {
    onUpgrade,
    close: () => {
      for (const client of server.clients) client.terminate();
    },
  };
};

const refuse = ({ headers, url }: IncomingMessage, token: string, numPages: number) => {
  const path = pathOf({ url });
  const refused = refuseAccess(
    { token: null, loopbackOnly: true },
    {
      path,
      host: headers.host,
      origin: headers.origin,
      secFetchSite: headers['sec-fetch-site'] as string | undefined,
      authorization: undefined,
      isForeign: () => false, // the token is asked for below
    },
  );
  if (refused !== null) return refused;
  // Other programs serve pages on loopback too.
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`) {
    return refusal({
      status: 403,
      code: 'access_denied',
      message: `Pages of ${JSON.stringify(headers.origin.slice(0, 100))} may not watch this daemon. Open the page that the daemon serves itself.`,
    });
  }
  const wrongToken = refuseToken(tokenOf(headers['sec-websocket-protocol'] ?? ''), token);
  if (wrongToken !== null) return wrongToken;
  if (path !== '/watch')
    return refusal({ status: 404, code: 'invalid_request', message: 'The stream is at /watch.' });
  if (numPages >= MAX_PAGES) {
    return refusal({
      status: 503,
      code: 'insufficient_resources',
      message: `${MAX_PAGES} debug pages are open already. Close one and load this one again.`,
    });
  }
  return null;
};

const pathOf = ({ url = '/' }: { readonly url?: string | undefined }): string =>
  url.split('?', 1)[0]!.slice(0, 100);

const feed = (socket: WebSocket, { service, daemon, counters, content }: WatchSocketsOptions): void => {
  const stream = new WatchStream({
    counters,
    write: (_, event) => {
      socket.send(encodeRecorded(event), onSent);
      return socket.bufferedAmount < MAX_BUFFERED_BYTES;
    },
    snapshot: () => watching.snapshot(),
  });
  const onSent = (error: Error | undefined): void => {
    if (error === undefined && socket.bufferedAmount <= RESUME_BUFFERED_BYTES) stream.resume();
  };
  socket.on('error', () => {}); // it closes
  socket.on('close', () => watching.stop());
  socket.send(
    encodeRecorded({
      type: 'codexpc.recording',
      recordingVersion: RECORDING_VERSION,
      createdAt: Date.now(),
      daemon,
      content,
      machines: service.machines(),
    }),
  );
  const watching = service.watch((event) => stream.send(event), { content, history: true });
};
