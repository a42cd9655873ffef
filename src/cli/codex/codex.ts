// `codexpc codex`: the user's own Codex, told to use this daemon. Nothing of the user's is changed, unless a profile is
// asked for.

import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Client } from '../../client/index.js';
import { CodexpcError } from '../../errors.js';
import type { ModelInfo } from '../../ipc/protocol.js';
import { type CliConfig, loadCliConfig } from '../cli-config.js';
import type { CliContext, Signal } from '../context.js';
import { EXIT } from '../exit-codes.js';
import { placeFile, readOrNull } from '../service/place-files.js';
import {
  codexArguments,
  codexProfile,
  type CodexTarget,
  ossArguments,
  ossEnvironment,
  PROFILE_MARK,
  TOKEN_VARIABLE,
} from './codex-config.js';
import { modelCatalogue } from './model-catalogue.js';
import { httpAddressOf, servingDaemon } from './serving-daemon.js';

export interface CodexOptions {
  readonly args: readonly string[];
  readonly printConfig: boolean;
  readonly install: boolean;
}

const PROFILE_NAME = 'codexpc';

export const codex = async (context: CliContext, options: CodexOptions): Promise<number> => {
  const loaded = loadCliConfig(context, {});
  const client = await servingDaemon(context, loaded);
  try {
    const { url, needsToken } = await httpAddressOf(client);
    const models = await client.models.list();
    const catalogue = `${JSON.stringify(modelCatalogue(models), null, 2)}\n`;
    const target = (catalogueFile: string): CodexTarget => ({
      baseUrl: `${url}/v1`,
      model: defaultModel(models),
      catalogueFile,
      needsToken,
    });
    if (options.install) return install(context, { target, catalogue });
    const catalogueFile = join(loaded.paths.stateFolder, 'codex-models.json');
    if (options.printConfig) {
      context.stdout.write(`${codexProfile(target(catalogueFile))}\n# ${catalogueFile}\n${catalogue}`);
      return EXIT.ok;
    }
    placeFile(catalogueFile, catalogue);
    return await run(context, loaded, { args: options.args, target: target(catalogueFile), client });
  } finally {
    client.close();
  }
};

const defaultModel = (models: readonly ModelInfo[]): string => {
  const model = models.find(({ isDefault }) => isDefault) ?? models[0];
  if (model !== undefined) return model.name;
  throw new CodexpcError({
    code: 'model_not_found',
    message:
      "The daemon has no model that can be used. See what is wrong with 'codexpc models inspect FILE'.",
  });
};

interface Profile {
  readonly target: (catalogueFile: string) => CodexTarget;
  readonly catalogue: string;
}

/** Beside the user's own configuration, which is not touched. */
const install = ({ env, place, stdout }: CliContext, { target, catalogue }: Profile): number => {
  const folder = env['CODEX_HOME'] ?? join(place.home, '.codex');
  const profileFile = join(folder, `${PROFILE_NAME}.config.toml`);
  const catalogueFile = join(folder, `${PROFILE_NAME}.models.json`);
  const present = readOrNull(profileFile);
  if (present !== null && !present.startsWith(PROFILE_MARK)) throw profileTaken(profileFile);
  const described = target(catalogueFile);
  const files = [
    { file: catalogueFile, content: catalogue },
    { file: profileFile, content: codexProfile(described) },
  ];
  const written = files.filter(({ file, content }) => placeFile(file, content, PRINT_CONFIG));
  for (const { file } of written) stdout.write(`wrote ${file}\n`);
  if (written.length === 0) stdout.write('The profile is there already; nothing changed.\n');
  stdout.write(`Use it with: codex --profile ${PROFILE_NAME}\n`);
  if (described.needsToken)
    stdout.write(`Codex reads the token from ${TOKEN_VARIABLE}: set it in its environment.\n`);
  return EXIT.ok;
};

const PRINT_CONFIG = 'codexpc codex --print-config';

interface CodexRun {
  readonly args: readonly string[];
  readonly target: CodexTarget;
  readonly client: Client;
}

const SIGNALS: readonly Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const run = async (
  { env, onSignal }: CliContext,
  { config }: CliConfig,
  { args, target, client }: CodexRun,
): Promise<number> => {
  const isOss = args.includes('--oss');
  const token = config['http.token'];
  const program = env['CODEXPC_CODEX'] ?? 'codex';
  client.close(); // it may be a long session
  const child = spawn(program, [...(isOss ? ossArguments(args, target) : codexArguments(target)), ...args], {
    stdio: 'inherit',
    env: {
      ...env,
      ...(isOss ? ossEnvironment(target) : {}),
      ...(token === null ? {} : { [TOKEN_VARIABLE]: token }),
    },
  });
  // Ctrl-C in a terminal reaches Codex by itself, which decides what it means; other signals are meant for it too.
  const removers = SIGNALS.map((signal) =>
    onSignal(signal, () => {
      if (signal !== 'SIGINT') child.kill(signal);
    }),
  );
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(noCodex(program, error)));
      child.once('exit', (code, signal) => resolve(code ?? exitCodeOfSignal(signal)));
    });
  } finally {
    for (const remove of removers) remove();
  }
};

const exitCodeOfSignal = (signal: NodeJS.Signals | null): number =>
  signal === 'SIGINT' ? EXIT.interrupted : signal === 'SIGTERM' ? EXIT.terminated : EXIT.systemFailure;

const noCodex = (program: string, cause: NodeJS.ErrnoException): CodexpcError =>
  new CodexpcError({
    code: 'unsupported_system',
    message:
      cause.code === 'ENOENT'
        ? `There is no program ${program}. Install the Codex CLI with 'npm install --global @openai/codex', or name it in CODEXPC_CODEX.`
        : `${program} cannot be started (${cause.message}). Check CODEXPC_CODEX, or install the Codex CLI again.`,
    cause,
  });

const profileTaken = (file: string): CodexpcError =>
  new CodexpcError({
    code: 'invalid_request',
    message: `${file} is there and was not written by codexpc. Move it away, or take what you need from 'codexpc codex --print-config'.`,
    details: { file },
  });
