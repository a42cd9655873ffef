// Brings the HTTP front end in when it opens. A daemon for one command has none, and must not wait for its code.

import type { Opening } from './front-ends.js';
import type { HttpStatus } from '../ipc/protocol.js';
import type { HttpFrontEnd } from './http/http-front-end.js';
import type { HttpOptions } from './http/create-http.js';

export interface HttpOpening extends Opening {
  report(): HttpStatus;
}

export const createHttpOpening = (options: HttpOptions): HttpOpening => {
  let frontEnd: HttpFrontEnd | null = null;
  let isClosed = false;
  return {
    open: async () => {
      const { createHttp } = await import('./http/create-http.js');
      if (isClosed) return;
      frontEnd = createHttp(options);
      await frontEnd.open();
    },
    close: async () => {
      isClosed = true;
      await frontEnd?.close();
    },
    report: () =>
      frontEnd?.report() ?? {
        url: null,
        extraPorts: [],
        needsToken: options.settings.token !== null,
        error: null,
      },
  };
};
