// Whether programs reach the daemon over HTTP.

import { connect } from 'node:net';
import { CodexpcError } from '../../errors.js';
import type { HttpStatus } from '../../ipc/protocol.js';
import type { CliConfig } from '../cli-config.js';
import { isNobodyThere, openDaemon } from '../open-session.js';
import { failed, type Finding, note, ok } from './check.js';

const CONNECT_TIMEOUT_MS = 1_000;

export const checkHttp = async (loaded: CliConfig): Promise<Finding> => {
  try {
    const client = await openDaemon(loaded);
    const { http } = await client.status();
    client.close();
    return findingOf(http);
  } catch (error) {
    if (!(error instanceof CodexpcError)) throw error;
    if (isNobodyThere(error)) return beforeStart(loaded);
    return failed('http', `cannot be looked at: ${error.message}`, "See 'codexpc logs'.");
  }
};

const findingOf = (http: HttpStatus | null): Finding => {
  if (http === null) return note('http', 'switched off', 'Codex needs it: set http.enabled to true.');
  if (http.error !== null) return failed('http', http.error.message, 'Correct the [http] settings.');
  return http.url === null
    ? note('http', 'not served yet')
    : ok('http', `${http.url}/v1${http.needsToken ? ', with a token' : ''}`);
};

const beforeStart = async ({ config }: CliConfig): Promise<Finding> => {
  if (!config['http.enabled']) return findingOf(null);
  const host = config['http.host'];
  const ports = [config['http.port'], ...config['http.extra_ports']].filter((port) => port !== 0);
  for (const port of ports) {
    if (await isTaken(host, port)) {
      return failed(
        'http',
        `another program listens on ${host}:${port}`,
        'Stop that program, or set http.port or http.extra_ports to other ports.',
      );
    }
  }
  return ok('http', `${host}:${config['http.port']} is free for the daemon`);
};

const isTaken = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_TIMEOUT_MS });
    const answer = (isOpen: boolean) => (): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });
