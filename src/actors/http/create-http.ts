// Puts the HTTP front end together: its routes over the daemon's service.

import type { InspectionEvent } from 'xstate';
import type { Logger } from 'pino';
import type { FrontEndCounters } from '../../ipc/counters.js';
import type { DaemonService } from '../../ipc/service.js';
import { systemTimers, type Timers } from '../../ipc/timers.js';
import { localDate } from '../local-date.js';
import type { SessionSummary } from '../session.js';
import { type AnswerLimits, DEFAULT_ANSWER_LIMITS, RunningAnswers } from './answer.js';
import { createChatRoute } from './chat-route.js';
import { HttpFrontEnd, type HttpSettings } from './http-front-end.js';
import { createMetricsRoute } from './metrics-route.js';
import type { HttpListenerLimits } from './http-listener.js';
import { createModelRoutes } from './model-routes.js';
import { createResponsesRoutes } from './responses-routes.js';

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
  readonly answerLimits?: Partial<AnswerLimits>;
  /** YYYY-MM-DD */
  readonly today?: () => string;
  /** How long to wait before the port is tried again. */
  readonly retryMs?: number;
}

export const createHttp = (options: HttpOptions): HttpFrontEnd => {
  const { settings, service, counters, logger, inspect } = options;
  const running = new RunningAnswers();
  const asking = {
    service,
    counters,
    logger,
    running,
    timers: options.timers ?? systemTimers,
    limits: { ...DEFAULT_ANSWER_LIMITS, ...options.answerLimits },
    maxBodyBytes: settings.maxBodyBytes,
    today: options.today ?? (() => localDate(new Date())),
  };
  return new HttpFrontEnd({
    section: 'http',
    settings,
    counters,
    logger,
    inspect,
    ...(options.timers === undefined ? {} : { timers: options.timers }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.retryMs === undefined ? {} : { retryMs: options.retryMs }),
    onUpgrade: null,
    onListening: (url) => logger.info({ url }, 'HTTP is served'),
    endExchanges: () => running.end(),
    routes: [
      ...createResponsesRoutes(asking),
      createChatRoute(asking),
      ...createModelRoutes({ ...options, maxBodyBytes: settings.maxBodyBytes }),
      createMetricsRoute({ status: () => service.status(), observeSessions: options.observeSessions }),
    ],
  });
};
