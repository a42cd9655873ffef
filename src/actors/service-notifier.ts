// Tells systemd how the daemon fares (sd_notify(3)), when it was started by it. Elsewhere every call does nothing.

import type { Timers } from '../ipc/timers.js';
import type { SystemCalls } from './system-calls.js';

export interface ServiceNotifierOptions {
  readonly calls: Pick<SystemCalls, 'notifyService'>;
  /** NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID are read here. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly timers: Timers;
  /** Asked before each beat: a daemon that could not answer must be let go, so that it is started again. */
  readonly isHealthy: () => boolean;
}

export interface ServiceNotifier {
  ready(): void;
  /** One line, shown by `systemctl status`. */
  status(text: string): void;
  stopping(): void;
  /** Stops the watchdog's beat. Twice is harmless. */
  dispose(): void;
}

export const createServiceNotifier = ({
  calls,
  env,
  pid,
  timers,
  isHealthy,
}: ServiceNotifierOptions): ServiceNotifier => {
  const address = env['NOTIFY_SOCKET'];
  const notify = (state: string): void => {
    if (address === undefined || address === '') return;
    try {
      calls.notifyService(address, state);
    } catch {
      // The manager's socket is gone or full. The daemon serves its clients all the same, and the next beat tries again.
    }
  };

  let cancelBeat = (): void => {};
  const beatMs = watchdogBeatMs(env, pid);
  const beat = (): void => {
    if (isHealthy()) notify('WATCHDOG=1');
    if (beatMs !== null) cancelBeat = timers.after(beatMs, beat);
  };

  return {
    ready: () => {
      notify('READY=1');
      if (address !== undefined && beatMs !== null) beat();
    },
    status: (text) => notify(`STATUS=${text.replaceAll('\n', ' ')}`),
    stopping: () => notify('STOPPING=1'),
    dispose: () => {
      cancelBeat();
      cancelBeat = () => {};
    },
  };
};

/** Half the watchdog's limit, as sd_watchdog_enabled(3) advises; null when there is none, or it is another process's. */
const watchdogBeatMs = (env: ServiceNotifierOptions['env'], pid: number): number | null => {
  const limitUs = Number(env['WATCHDOG_USEC']);
  if (!Number.isFinite(limitUs) || limitUs <= 0) return null;
  const owner = env['WATCHDOG_PID'];
  if (owner !== undefined && Number(owner) !== pid) return null;
  return limitUs / 1000 / 2;
};
