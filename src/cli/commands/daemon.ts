import { Option } from 'commander';
import { LOG_LEVELS } from '../../config/settings.js';
import { type DefineCommand, examples, type SharedOptions, withSharedOptions } from './invocation.js';

interface DaemonFlags extends SharedOptions {
  readonly background?: boolean;
  readonly foreground?: boolean;
  readonly ui: boolean;
  readonly service?: boolean;
  readonly preload?: boolean;
  readonly fault?: string;
  readonly xpcService?: string;
  readonly checkpoint?: string;
  readonly contextLength?: string;
  readonly slots?: string;
  readonly maxBatchTokens?: string;
  readonly threads?: string;
  readonly isa?: string;
  readonly keepAlive?: string;
  readonly memoryBudget?: string;
  readonly logLevel?: string;
  readonly inspect?: string | true;
  readonly showContent?: boolean;
}

/** Flags that set a setting, by the name under which commander hands them over. Settings check their own values. */
const SETTING_FLAGS = {
  checkpoint: ['engine.checkpoint', '--checkpoint'],
  contextLength: ['engine.context_length', '--context-length'],
  slots: ['engine.slots', '--slots'],
  maxBatchTokens: ['engine.max_batch_tokens', '--max-batch-tokens'],
  threads: ['engine.threads', '--threads'],
  isa: ['engine.isa', '--isa'],
  keepAlive: ['engine.keep_alive', '--keep-alive'],
  memoryBudget: ['engine.memory_budget', '--memory-budget'],
  xpcService: ['daemon.xpc_service', '--xpc-service'],
  logLevel: ['daemon.log_level', '--log-level'],
} as const;

const settingsOf = (flags: DaemonFlags) =>
  Object.fromEntries(
    [
      ...(Object.keys(SETTING_FLAGS) as (keyof typeof SETTING_FLAGS)[]).map(
        (name) => [...SETTING_FLAGS[name], flags[name]] as const,
      ),
      ['inspect.enabled', '--inspect', flags.inspect === undefined ? undefined : 'true'] as const,
      ['inspect.port', '--inspect', flags.inspect === true ? undefined : flags.inspect] as const,
      ['inspect.show_content', '--show-content', flags.showContent === true ? 'true' : undefined] as const,
    ]
      .filter(([, , value]) => value !== undefined)
      .map(([key, flag, value]) => [key, { flag, value }]),
  );

export const defineDaemon: DefineCommand = (program, { context, finish }) => {
  const command = program
    .command('daemon')
    .summary('run the daemon')
    .description(
      'Runs the daemon in the foreground with readable logs. Ctrl-C stops it after the running answers, a second one at once.',
    )
    .option('--foreground', 'with the state machines on a screen, as `codexpc watch` shows them')
    .option('--no-ui', 'with --foreground: readable logs all the same')
    .option('--background', 'hand it to the service manager instead')
    .option('--xpc-service <name>', 'serve this Mach service too; launchd must keep it (macOS)')
    .option('--inspect [port]', 'serve the debug page; its address is printed')
    .option('--show-content', 'the debug page may show the texts of prompts and answers')
    .option('--preload', 'load the model at once, not with the first request')
    .addOption(new Option('--service', 'started by the service manager').hideHelp())
    .addOption(new Option('--fault <fault>', 'test hook: inject a fault into the engine').hideHelp())
    .optionsGroup('Settings:')
    .option('-c, --checkpoint <file>', 'weights for requests that name none')
    .option('--context-length <n>', 'tokens of one conversation')
    .option('--slots <n>', 'conversations at the same time')
    .option('--max-batch-tokens <n>', 'tokens of one forward step')
    .option('--threads <n>', 'threads for the arithmetic')
    .option('--isa <name>', 'instruction set')
    .option('--keep-alive <duration>', 'how long an unused model stays loaded')
    .option('--memory-budget <size>', 'most memory for weights, KV cache and scratch')
    .addOption(new Option('--log-level <level>', 'least severe line').choices(LOG_LEVELS));
  withSharedOptions(command)
    .addHelpText(
      'after',
      examples(
        ['codexpc daemon', 'in this terminal'],
        ['codexpc daemon --foreground', 'in this terminal, and watch its state machines'],
        ['codexpc daemon -c model.bin --preload', 'with another model, loaded at once'],
        ['codexpc daemon --inspect', 'with the page that shows its state machines at work'],
        ['codexpc daemon --background', 'under systemd, once installed'],
      ),
    )
    .action(async (flags: DaemonFlags) => {
      const { daemon } = await import('../daemon/daemon.js');
      finish(
        await daemon(context, {
          config: flags.config,
          socket: flags.socket,
          settings: settingsOf(flags),
          mode: flags.background === true ? 'background' : flags.service === true ? 'service' : 'foreground',
          screen: (flags.foreground ?? false) && flags.ui,
          preload: flags.preload ?? false,
          xpc: flags.xpcService !== undefined,
          fault: flags.fault ?? null,
        }),
      );
    });
};
