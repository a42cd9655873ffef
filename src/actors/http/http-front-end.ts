// The HTTP front end: its listener's life, its routes, and what status tells of it.

import { createActor, fromCallback, fromPromise, type InspectionEvent, waitFor } from 'xstate';
import type { Logger } from 'pino';
import type { FrontEndCounters } from '../../ipc/counters.js';
import { isLoopbackName } from '../../ipc/http/loopback.js';
import { type HttpStatus, toWireError } from '../../ipc/protocol.js';
import type { DaemonService } from '../../ipc/service.js';
import { systemTimers, type Timers } from '../../ipc/timers.js';
import { createHttpFrontEndMachine } from '../../machines/http-front-end.js';
import type { Opening } from '../front-ends.js';
import { DEFAULT_HTTP_LISTENER_LIMITS, HttpListener } from './http-listener.js';
import type { HttpListenerLimits, OnUpgrade } from './http-listener.js';
import { createHttpRouter, type Route } from './http-router.js';

export interface HttpSettings {
  readonly host: string;
  readonly port: number;
  readonly extraPorts: readonly number[];
  readonly token: string | null;
  readonly maxBodyBytes: number;
}

export interface HttpFrontEndOptions {
  /** Of the configuration; also what its actor is called. */
  readonly section: 'http' | 'inspect';
  readonly settings: HttpSettings;
  readonly routes: readonly Route[];
  readonly onUpgrade: OnUpgrade | null;
  /** Requests are answered from now on, here. */
  readonly onListening: (url: string) => void;
  readonly counters: FrontEndCounters;
  readonly logger: Logger;
  readonly inspect?: (event: InspectionEvent) => void;
  readonly timers?: Timers;
  readonly limits?: Partial<HttpListenerLimits>;
  /** How long to wait before the port is tried again. */
  readonly retryMs?: number;
  /** Ends the answers under way: their clients are told why. */
  readonly endExchanges: () => void;
}

const RETRY_MS = 30_000;

export class HttpFrontEnd implements Opening {
  readonly #options: HttpFrontEndOptions;
  readonly #actor;
  #ports: readonly number[] = [];

  constructor(options: HttpFrontEndOptions) {
    const { section, settings, routes, counters, logger, inspect, timers = systemTimers, limits } = options;
    this.#options = options;
    const route = createHttpRouter({
      routes,
      access: { token: settings.token, loopbackOnly: isLoopbackName(settings.host) },
      counters,
      logger,
    });
    const listener = new HttpListener({
      section,
      host: settings.host,
      ports: [settings.port, ...settings.extraPorts],
      limits: { ...DEFAULT_HTTP_LISTENER_LIMITS, ...limits },
      counters,
      timers,
      onRequest: route,
      onUpgrade: options.onUpgrade,
      onError: (error) => this.#actor.send({ type: 'listener.failed', error }),
    });
    this.#actor = createActor(
      createHttpFrontEndMachine({
        listen: fromPromise(async () => {
          this.#ports = await listener.listen();
        }),
        accept: fromCallback(() => {
          options.onListening(this.#url());
        }),
        release: fromPromise(async () => {
          options.endExchanges();
          await listener.close();
        }),
      }),
      {
        id: section,
        input: { retryMs: options.retryMs ?? RETRY_MS },
        ...(inspect === undefined ? {} : { inspect }),
      },
    ).start();
  }

  /** Resolves when the ports have been tried for, whether or not they could be had: `report` tells. */
  async open(): Promise<void> {
    this.#actor.send({ type: 'open' });
    await waitFor(this.#actor, (state) => !state.matches('closed') && !state.matches('listening'));
  }

  async close(): Promise<void> {
    this.#actor.send({ type: 'close' });
    await waitFor(this.#actor, (state) => state.status === 'done');
  }

  report(): HttpStatus {
    const snapshot = this.#actor.getSnapshot();
    const isUp = snapshot.matches('accepting');
    return {
      url: isUp ? this.#url() : null,
      extraPorts: isUp ? this.#ports.slice(1) : [],
      needsToken: this.#options.settings.token !== null,
      error: snapshot.context.error === null ? null : toWireError(snapshot.context.error),
    };
  }

  #url(): string {
    const { host } = this.#options.settings;
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#ports[0]}`;
  }
}

export type HttpRoutesService = Pick<
  DaemonService,
  'respond' | 'cancel' | 'health' | 'status' | 'listModels'
>;
