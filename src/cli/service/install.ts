// `codexpc install` and `uninstall`: the background service of this user.

import { join } from 'node:path';
import { loadCliConfig, type ConfigFlags } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { currentProgram } from '../program-path.js';
import { runAgentScript } from './agent.js';
import { placeFile, readOrNull, removeFile } from './place-files.js';
import { managerState, requireSystemctl, serviceManagerMissing, systemctl } from './systemctl.js';
import { SERVICE_NAME, serviceUnit, SOCKET_NAME, socketUnit, type UnitOptions } from './units.js';

export interface InstallOptions extends ConfigFlags {
  readonly dryRun: boolean;
  /** Enable and start the socket now. */
  readonly start: boolean;
}

const STOP_MARGIN_MS = 15_000;

export const install = async (context: CliContext, options: InstallOptions): Promise<number> => {
  const { config, paths } = loadCliConfig(context, options);
  if (context.place.platform === 'darwin') {
    return runAgentScript(context, 'install-agent.sh', config['daemon.xpc_service'], options);
  }
  const units = unitFiles(paths.systemdUserFolder, {
    ...currentProgram(),
    socket: unitSocket(config['daemon.socket'], context),
    stopTimeoutMs: config['daemon.drain_timeout'] + STOP_MARGIN_MS,
    permanentExitCodes: [EXIT.usage, EXIT.mistake],
  });
  if (options.dryRun) {
    for (const { file, content } of units) context.stdout.write(`# ${file}\n${content}\n`);
    context.stdout.write(
      `# then:\n${[RELOAD, ENABLE].map((args) => `systemctl --user ${args.join(' ')}\n`).join('')}`,
    );
    return EXIT.ok;
  }
  const state = await managerState(context.env);
  if (state === 'no_systemd') throw serviceManagerMissing(state);
  const changed = units.filter(({ file, content }) => placeFile(file, content));
  for (const { file } of changed) context.stdout.write(`wrote ${file}\n`);
  if (state === 'no_session') throw serviceManagerMissing(state); // the units are there for the next login
  if (changed.length > 0) await requireSystemctl(RELOAD, context.env);
  if (options.start) await requireSystemctl(ENABLE, context.env);
  context.stdout.write(
    changed.length === 0 ? 'codexpc is installed already; nothing changed.\n' : 'codexpc is installed.\n',
  );
  context.stdout.write("The daemon starts with the first request. Check it with 'codexpc health'.\n");
  return EXIT.ok;
};

export const uninstall = async (
  context: CliContext,
  options: { readonly dryRun: boolean },
): Promise<number> => {
  const { config, paths } = loadCliConfig(context, {});
  if (context.place.platform === 'darwin') {
    return runAgentScript(context, 'uninstall-agent.sh', config['daemon.xpc_service'], options);
  }
  const files = [SERVICE_NAME, SOCKET_NAME].map((name) => join(paths.systemdUserFolder, name));
  const present = files.filter((file) => readOrNull(file) !== null);
  if (options.dryRun) {
    context.stdout.write(
      `systemctl --user ${DISABLE.join(' ')}\n${present.map((file) => `rm ${file}\n`).join('')}`,
    );
    return EXIT.ok;
  }
  if (present.length === 0) {
    context.stdout.write('codexpc is not installed as a service; nothing to remove.\n');
    return EXIT.ok;
  }
  await systemctl(DISABLE, context.env); // Without a manager there is nothing running to stop: the files go all the same.
  for (const file of present.filter(removeFile)) context.stdout.write(`removed ${file}\n`);
  await systemctl(RELOAD, context.env);
  context.stdout.write('codexpc is uninstalled. Settings, log and models are left where they are.\n');
  return EXIT.ok;
};

const RELOAD = ['daemon-reload'];
const ENABLE = ['enable', '--now', SOCKET_NAME];
const DISABLE = ['disable', '--now', SOCKET_NAME, SERVICE_NAME];

const unitFiles = (folder: string, options: UnitOptions) => [
  { file: join(folder, SERVICE_NAME), content: serviceUnit(options) },
  { file: join(folder, SOCKET_NAME), content: socketUnit(options) },
];

/** The runtime folder as systemd names it, so that the unit does not hold the user's id. */
const unitSocket = (socket: string, { env }: CliContext): string => {
  const runtime = env['XDG_RUNTIME_DIR'];
  return runtime !== undefined && runtime !== '' && socket.startsWith(`${runtime}/`)
    ? `%t/${socket.slice(runtime.length + 1)}`
    : socket;
};
