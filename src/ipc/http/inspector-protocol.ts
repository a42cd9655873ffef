// How the debug page's WebSocket asks for the stream. Scripts of a browser cannot give it headers of their own, but may
// name protocols: one says what is spoken, one holds the token.

export const INSPECTOR_PROTOCOL = 'codexpc.watch.1';

export const tokenProtocol = (token: string): string => `${PREFIX}${token}`;

/** From the request's sec-websocket-protocol; '' when it names none. */
export const tokenOf = (protocols: string): string =>
  protocols
    .split(',')
    .map((protocol) => protocol.trim())
    .find((protocol) => protocol.startsWith(PREFIX))
    ?.slice(PREFIX.length) ?? '';

const PREFIX = 'token.';
