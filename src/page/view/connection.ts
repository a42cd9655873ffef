// The stream from the daemon: a recording that is being made, each of its frames as one message of a WebSocket.

import { Decoder, type Options as MsgpackrOptions } from 'msgpackr';
import type { WatchEvent } from '../../ipc/protocol.js';
import type { RecordingHeader } from '../../ipc/recording.js';
import { LENGTH_BYTES } from '../../ipc/recording.js';
import { INSPECTOR_PROTOCOL, tokenProtocol } from '../../ipc/http/inspector-protocol.js';
import type { Store } from './store.js';

const DECODER_OPTIONS = {
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: 'auto',
} as unknown as MsgpackrOptions;
const RETRY_MS = [250, 500, 1_000, 2_000, 4_000] as const;

/** Keeps the store fed for as long as the page is open: a daemon that was started anew is found again. */
export const connectTo = (store: Store, token: string): void => {
  let numFailures = 0;

  const connect = (): void => {
    const decoder = new Decoder(DECODER_OPTIONS);
    const socket = new WebSocket(`ws://${location.host}/watch`, [INSPECTOR_PROTOCOL, tokenProtocol(token)]);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      // From the daemon that this page came from: it is not validated again.
      const message = decoder.decode(new Uint8Array(data, LENGTH_BYTES)) as RecordingHeader | WatchEvent;
      if ('kind' in message) store.received(message);
      else {
        numFailures = 0;
        store.connected(message);
      }
    };
    socket.onclose = () => {
      store.setConnection('lost');
      const waitMs = RETRY_MS[Math.min(numFailures, RETRY_MS.length - 1)]!;
      numFailures += 1;
      setTimeout(() => void retry(), waitMs);
    };
  };

  /** A WebSocket does not tell why it was refused: a request does. */
  const retry = async (): Promise<void> => {
    const refused = await fetch('/access', { headers: { authorization: `Bearer ${token}` } }).then(
      ({ status }) => status === 401,
      () => false,
    );
    if (refused) store.setConnection('refused');
    else connect();
  };

  connect();
};
