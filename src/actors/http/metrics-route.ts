// GET /metrics. prom-client is loaded once HTTP is up, and what ended meanwhile is counted then.

import { sendText } from './exchange.js';
import type { Route } from './http-router.js';
import type { Status } from '../../ipc/protocol.js';
import type { SessionSummary } from '../session.js';

export interface MetricsRouteOptions {
  readonly status: () => Status;
  readonly observeSessions: (observer: (summary: SessionSummary) => void) => void;
}

export const createMetricsRoute = ({ status, observeSessions }: MetricsRouteOptions): Route => {
  const metrics = import('./metrics.js').then(({ createMetrics }) => createMetrics(status));
  metrics.catch(() => {}); // whoever asks for them hears of it
  observeSessions((summary) => void metrics.then(({ observe }) => observe(summary)).catch(() => {}));
  return {
    method: 'GET',
    path: '/metrics',
    handle: async ({ response }) => {
      const { contentType, text } = await metrics;
      sendText(response, 200, await text(), { 'content-type': contentType });
    },
  };
};
