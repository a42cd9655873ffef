// Puts the HTTP front end together: its routes over the daemon's service.

import type { InspectionEvent } from 'xstate';
import type { Logger } from 'pino';
import type { FrontEndCounters } from '../../ipc/counters.js';
import type { DaemonService } from '../../ipc/service.js';
import type { Timers } from '../../ipc/timers.js';
import type { SessionSummary } from '../session.js';
import { HttpFrontEnd, type HttpSettings } from './http-front-end.js';
import { createMetricsRoute } from './metrics-route.js';
import type { HttpListenerLimits } from './http-listener.js';
import { createModelRoutes } from './model-routes.js';

export interface HttpOptions {
  readonly settings: HttpSettings;
  readonly service: DaemonService;
  readonly version: string;
  readonly startedMs: number;
  readonly observeSessions: (observer: (summary: SessionSummary) => void) => void;
  readonly counters: FrontEndCounters;
  readonly logger: Logger;
  readonly inspect: (event: InspectionEvent) => void;
  readonly timers?: Timers;
  readonly limits?: Partial<HttpListenerLimits>;
  /** How long to wait before the port is tried again. */
  readonly retryMs?: number;
}

export const createHttp = (options: HttpOptions): HttpFrontEnd => {
  const { settings, service, counters, logger, inspect } = options;
  return new HttpFrontEnd({
    settings,
    counters,
    logger,
    inspect,
    ...(options.timers === undefined ? {} : { timers: options.timers }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.retryMs === undefined ? {} : { retryMs: options.retryMs }),
    endExchanges: () => {},
    routes: [
      ...createModelRoutes({ ...options, maxBodyBytes: settings.maxBodyBytes }),
      createMetricsRoute({ status: () => service.status(), observeSessions: options.observeSessions }),
    ],
  });
};
