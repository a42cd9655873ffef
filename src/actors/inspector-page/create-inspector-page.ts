// The debug page's front end: its files, which hold no secret and are given to whoever may ask, and the stream, which
// wants the token. The life of its listener is that of the HTTP front end.

import { randomBytes } from 'node:crypto';
import type { InspectionEvent } from 'xstate';
import type { Logger } from 'pino';
import type { FrontEndCounters } from '../../ipc/counters.js';
import type { DaemonService } from '../../ipc/service.js';
import type { Timers } from '../../ipc/timers.js';
import { HttpFrontEnd } from '../http/http-front-end.js';
import { createPageRoutes } from './page-routes.js';
import { createWatchSockets } from './watch-sockets.js';

export interface InspectorPageSettings {
  readonly port: number;
  /** Texts of prompts and answers may be shown. */
  readonly showContent: boolean;
  /** Told the address with the token in it: the one place where that is written. */
  readonly announce: (url: string) => void;
}

export interface InspectorPageOptions {
  readonly settings: InspectorPageSettings;
  readonly service: Pick<DaemonService, 'watch' | 'machines'>;
  readonly daemon: { readonly version: string; readonly pid: number };
  readonly counters: FrontEndCounters;
  readonly logger: Logger;
  readonly inspect: (event: InspectionEvent) => void;
  readonly timers?: Timers;
}

const HOST = '127.0.0.1';

export const createInspectorPage = (options: InspectorPageOptions): HttpFrontEnd => {
  const { settings, service, daemon, counters, logger, inspect, timers } = options;
  const token = randomBytes(24).toString('base64url');
  const { onUpgrade, close } = createWatchSockets({
    service,
    daemon,
    counters,
    logger,
    token,
    content: settings.showContent,
  });
  return new HttpFrontEnd({
    section: 'inspect',
    settings: { host: HOST, port: settings.port, extraPorts: [], token: null, maxBodyBytes: 0 },
    routes: createPageRoutes(token),
    onUpgrade,
    // In the part of the address that browsers send to nobody.
    onListening: (url) => settings.announce(`${url}/#token=${token}`),
    counters,
    logger,
    inspect,
    endExchanges: close,
    ...(timers === undefined ? {} : { timers }),
  });
};
