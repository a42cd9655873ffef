// A daemon in this process with a fake engine, and a sink that remembers.

import { createDaemon, type Daemon, type DaemonOptions, daemonOptions } from '../../src/daemon.js';
import { NO_TOOLS } from '../../src/actors/tools/no-tools.js';
import { createSettings } from '../../src/config/settings.js';
import type { EngineConfig } from '../../src/daemon-options.js';
import {
  createRespond,
  isTerminal,
  type Respond,
  type RespondOptions,
  type ResponseEvent,
} from '../../src/ipc/protocol.js';
import type { ResponseSink } from '../../src/ipc/service.js';

export interface TestDaemonOptions extends Partial<Omit<DaemonOptions, 'policies' | 'engine' | 'log'>> {
  readonly fake?: string;
  readonly log?: string[];
  readonly supervisor?: Partial<DaemonOptions['policies']['supervisor']>;
  readonly enginePolicy?: Partial<DaemonOptions['policies']['engine']>;
  readonly session?: Partial<DaemonOptions['policies']['session']>;
  readonly engine?: Partial<DaemonOptions['engine']>;
}

export const fakeModule = (name: string): string => new URL(`./fakes/${name}.js`, import.meta.url).href;

export const startTestDaemon = ({
  fake = 'scripted',
  log = [],
  supervisor = {},
  enginePolicy = {},
  session = {},
  engine = {},
  ...overrides
}: TestDaemonOptions = {}): Daemon => {
  const settings = createSettings({ home: '/nonexistent', defaultSocket: '/nonexistent/socket' });
  const config = Object.fromEntries(Object.entries(settings).map(([key, { initial }]) => [key, initial]));
  const options = daemonOptions(config as EngineConfig, {
    version: '0.0.0-test',
    addonModule: fakeModule(fake),
    preload: false,
    socket: null,
    http: null,
    inspectorPage: null,
    xpc: null,
    service: null,
    prefixFolder: null,
    log: { level: 'debug', destination: { write: (line) => void log.push(line) } },
    fault: null,
    toolRunner: NO_TOOLS,
    forcing: null,
  });
  const { policies } = options;
  const daemon = createDaemon({
    ...options,
    checkpoint: process.execPath, // any file will do
    ...overrides,
    engine: { ...options.engine, contextLength: 4096, ...engine },
    policies: {
      supervisor: { ...policies.supervisor, backoff: { baseMs: 10, limitMs: 100 }, ...supervisor },
      engine: { ...policies.engine, ...enginePolicy },
      session: { ...policies.session, ...session },
    },
  });
  daemon.start();
  return daemon;
};

export const stopTestDaemon = async (daemon: Daemon): Promise<void> => {
  daemon.shutdown('now');
  await daemon.stopped;
};

export const userSays = (text: string): RespondOptions['items'] => [
  { kind: 'message', role: 'user', text, channel: null },
];

export interface CollectingSink extends ResponseSink {
  readonly events: ResponseEvent[];
  /** Resolves with the terminal event. */
  readonly ended: Promise<ResponseEvent>;
  /** Resolves with the first event that fits, past or to come. */
  until(matches: (event: ResponseEvent) => boolean): Promise<ResponseEvent>;
  text(): string;
  /** While it is full, events are still taken, but the sender is told to wait. */
  setFull(isFull: boolean): void;
}

export const createCollectingSink = (): CollectingSink => {
  const events: ResponseEvent[] = [];
  const waits: { matches: (event: ResponseEvent) => boolean; resolve: (event: ResponseEvent) => void }[] = [];
  let isFull = false;
  let resume = (): void => {};
  const until: CollectingSink['until'] = (matches) =>
    new Promise((resolve) => {
      const past = events.find(matches);
      if (past !== undefined) resolve(past);
      else waits.push({ matches, resolve });
    });
  return {
    events,
    ended: until(isTerminal),
    until,
    text: () =>
      events
        .map((event) => (event.type === 'output_text.delta' && event.channel === 'final' ? event.text : ''))
        .join(''),
    setFull: (value) => {
      isFull = value;
      if (!isFull) resume();
    },
    send: (event) => {
      events.push(event);
      for (const wait of waits.filter(({ matches }) => matches(event))) wait.resolve(event);
      return !isFull;
    },
    onDrain: (listener) => {
      resume = listener;
    },
  };
};

let lastRequest = 0;

export const ask = (
  daemon: Daemon,
  text: string,
  options: Partial<RespondOptions> = {},
): CollectingSink & { readonly request: Respond } => {
  const sink = createCollectingSink();
  const request = createRespond(`r${++lastRequest}`, {
    items: userSays(text),
    currentDate: '2026-01-01',
    ...options,
  });
  daemon.respond(request, sink);
  return { ...sink, request };
};
