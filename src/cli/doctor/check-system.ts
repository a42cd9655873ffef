// Node, disk, socket, daemon and service.

import { lstatSync, statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { CodexpcError } from '../../errors.js';
import { maxSocketPathBytes } from '../../ipc/socket-path.js';
import { loadXpcAddon } from '../../ipc/transports/xpc-addon.js';
import type { CliConfig } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { formatBytes } from '../format.js';
import { isNobodyThere, openDaemon } from '../open-session.js';
import { agentState } from '../service/agent.js';
import { managerState, systemctl } from '../service/systemctl.js';
import { SERVICE_NAME, SOCKET_NAME } from '../service/units.js';
import { failed, type Finding, note, ok } from './check.js';

const MIN_NODE = [20, 17] as const;
const LOW_DISK_BYTES = 1024 ** 3;
const NO_DISK_BYTES = 100 * 1024 ** 2;

export const checkNode = (version: string): Finding => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])
    ? ok('node', `Node.js ${version}`)
    : failed('node', `Node.js ${version} is too old`, `Install Node.js ${MIN_NODE.join('.')} or newer.`);
};

export const checkDisk = async ({ paths }: CliConfig): Promise<Finding> => {
  let folder = paths.stateFolder;
  while (statSync(folder, { throwIfNoEntry: false }) === undefined) folder = dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const text = `${formatBytes(free)} free for log and state at ${folder}`;
  if (free < NO_DISK_BYTES) return failed('disk', text, 'Free some space: log lines are being lost.');
  return free < LOW_DISK_BYTES ? note('disk', text) : ok('disk', text);
};

export const checkSocket = ({ config }: CliConfig, platform: NodeJS.Platform): Finding => {
  const path = config['daemon.socket'];
  const length = Buffer.byteLength(path);
  if (length > maxSocketPathBytes(platform)) {
    return failed(
      'socket',
      `${path} is too long for a socket (${length} bytes)`,
      'Set daemon.socket to a shorter path.',
    );
  }
  const folder = statSync(dirname(path), { throwIfNoEntry: false });
  if (folder === undefined) return ok('socket', `${path} (not there yet)`);
  const { uid } = userInfo();
  if (folder.uid !== uid)
    return failed(
      'socket',
      `${dirname(path)} belongs to another user`,
      'Set daemon.socket to a path of your own.',
    );
  if ((folder.mode & 0o077) !== 0) {
    return failed(
      'socket',
      `others may enter ${dirname(path)} (mode ${octal(folder.mode)})`,
      `Run: chmod 700 '${dirname(path)}'`,
    );
  }
  const socket = lstatSync(path, { throwIfNoEntry: false });
  if (socket === undefined) return ok('socket', `${path} (not there yet)`);
  if (!socket.isSocket()) return failed('socket', `${path} is no socket`, `Remove it: rm '${path}'`);
  if ((socket.mode & 0o077) !== 0) {
    return failed(
      'socket',
      `others may use ${path} (mode ${octal(socket.mode)})`,
      "Restart the daemon: 'codexpc stop', then start it again.",
    );
  }
  return ok('socket', `${path}, mode ${octal(socket.mode)}`);
};

const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(4, '0');

export const checkDaemon = async (loaded: CliConfig): Promise<Finding> => {
  try {
    const client = await openDaemon(loaded);
    const health = await client.health();
    client.close();
    return health.ok
      ? ok('daemon', `version ${health.version} answers (pid ${health.pid})`)
      : failed('daemon', `${health.state}: ${health.reason ?? 'not ready'}`, "See 'codexpc logs'.");
  } catch (error) {
    if (!(error instanceof CodexpcError)) throw error;
    if (isNobodyThere(error))
      return note(
        'daemon',
        'none is running',
        "Start one with 'codexpc daemon' or 'codexpc install'; 'codexpc run' works without.",
      );
    return failed('daemon', error.message, "See 'codexpc logs'.");
  }
};

export const checkService = async (
  { env, place }: CliContext,
  { config, paths }: CliConfig,
): Promise<Finding> => {
  if (place.platform === 'darwin') return checkAgent({ env, place }, config['daemon.xpc_service']);
  const state = await managerState(env);
  if (state !== 'running')
    return note(
      'service',
      state === 'no_systemd' ? 'this system has no systemd' : 'no systemd of this user answers',
    );
  if (statSync(join(paths.systemdUserFolder, SERVICE_NAME), { throwIfNoEntry: false }) === undefined) {
    return note('service', 'not installed', "Install it with 'codexpc install'.");
  }
  const [socket, service] = await Promise.all(
    [SOCKET_NAME, SERVICE_NAME].map((unit) => activeState(unit, env)),
  );
  const text = `socket ${socket}, daemon ${service}`;
  if (socket === 'failed' || service === 'failed') {
    return failed(
      'service',
      text,
      "See 'codexpc logs' and 'journalctl --user -u codexpc', then: systemctl --user reset-failed codexpc.service codexpc.socket && codexpc install",
    );
  }
  return socket === 'active'
    ? ok('service', text)
    : failed('service', text, "Enable it with 'codexpc install'.");
};

/** macOS alone. */
export const checkXpc = ({ env }: CliContext): Finding => {
  try {
    loadXpcAddon(env);
    return ok('xpc', 'the XPC addon loads');
  } catch (error) {
    if (!(error instanceof CodexpcError)) throw error;
    return failed('xpc', error.message, 'Programs reach the daemon at its socket all the same.');
  }
};

const checkAgent = async (context: Pick<CliContext, 'env' | 'place'>, label: string): Promise<Finding> => {
  switch (await agentState(context, label)) {
    case 'not_installed':
      return note('service', `no LaunchAgent ${label}`, "Install it with 'codexpc install'.");
    case 'not_loaded':
      return failed('service', `launchd does not have the agent ${label}`, "Run 'codexpc install' again.");
    case 'loaded':
      return ok('service', `agent ${label}, started by the first request`);
    case 'running':
      return ok('service', `agent ${label} runs`);
  }
};

const activeState = async (unit: string, env: CliContext['env']): Promise<string> =>
  (await systemctl(['is-active', unit], env))?.stdout.trim() ?? 'unknown';
