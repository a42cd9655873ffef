// `codexpc tools`: the daemon's own tools, what allows them, and one call of one of them. All by the settings that this
// shell sees; a daemon that runs has those it was started with.

import { CodexpcError } from '../../errors.js';
import { type CliConfig, type ConfigFlags, loadCliConfig } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { EXIT, UsageError } from '../exit-codes.js';
import { formatBytes, formatDuration } from '../format.js';
import { Interruption } from '../interruption.js';
import { describeResult } from '../run/describe-tool-item.js';
import { readPrompt } from '../run/read-prompt.js';
import { harmless, paintFor } from '../terminal-text.js';

type Flags = ConfigFlags & { readonly json: boolean };

/** The tools are reached by dynamic import alone, as the engine is in in-process.ts. */
const loadInspection = () => import('../../actors/tools/inspect-tools.js');
type ToolReport = ReturnType<Awaited<ReturnType<typeof loadInspection>>['inspectTools']>[number];

export const listTools = async (context: CliContext, flags: Flags): Promise<number> => {
  const config = loadCliConfig(context, flags);
  const { inspectTools, findSandbox } = await loadInspection();
  const tools = inspectTools(config, config.paths.stateFolder);
  const sandbox = await findSandbox(context.place.platform, context.env['PATH'] ?? '');
  const { stdout } = context;
  if (flags.json) {
    const rows = tools.map(({ name, description, isAllowed, by, needsSandbox }) => ({
      name,
      description,
      allowed: isAllowed,
      by,
      needsSandbox,
    }));
    stdout.write(`${JSON.stringify({ tools: rows, sandbox })}\n`);
    return EXIT.ok;
  }
  const { dim, green } = paintFor(stdout, context.env);
  const width = Math.max(...tools.map(({ name }) => name.length));
  for (const { name, isAllowed, by, needsSandbox, settings } of tools) {
    const mark = isAllowed ? green('allowed') : 'no     ';
    const need = needsSandbox ? (sandbox.isReady ? 'in the sandbox' : 'no sandbox here') : without(settings);
    stdout.write(`${`${name.padEnd(width)}  ${mark}  ${by.padEnd(22)}  ${dim(need)}`.trimEnd()}\n`);
  }
  const allowed = tools.filter(({ isAllowed }) => isAllowed);
  if (allowed.length === 0)
    stdout.write(
      `\nThe model may use none of them. Allow some in ${config.file}:\n  [tools.clock]\n  enabled = true\nor with CODEXPC_ALLOW_TOOLS=1 CODEXPC_ALLOWED_TOOLS=clock in the daemon's environment.\n`,
    );
  if (sandbox.hint !== null && allowed.some(({ needsSandbox }) => needsSandbox))
    stdout.write(`\n${sandbox.hint}\n`);
  return EXIT.ok;
};

const without = ({ sandbox }: ToolReport['settings']): string =>
  sandbox === 'none' ? 'without a sandbox' : '';

export const describeTool = async (context: CliContext, name: string, flags: Flags): Promise<number> => {
  const { tool } = await findTool(loadCliConfig(context, flags), name);
  context.stdout.write(flags.json ? `${JSON.stringify(tool)}\n` : describe(tool));
  return EXIT.ok;
};

export interface RunToolOptions extends Flags {
  /** Null: none; `-` stands for standard input. */
  readonly args: string | null;
}

/** Through the same runner, gate and limits as the model's calls. */
export const runTool = async (
  context: CliContext,
  name: string,
  options: RunToolOptions,
): Promise<number> => {
  const config = loadCliConfig(context, options);
  const { tool } = await findTool(config, name);
  if (!tool.isAllowed) throw notAllowed(tool, config);
  const text =
    options.args === '-'
      ? await readPrompt({ words: ['-'], file: null, stdin: () => context.stdin })
      : (options.args ?? '');
  const { openConfiguredTools } = await import('../../actors/tools/configured-tools.js');
  const interruption = new Interruption(context);
  const runner = await openConfiguredTools(config, config.paths.stateFolder);
  try {
    const result = await runner.run(
      { callId: 'call_1', name, arguments: text, sessionId: 'command-line' },
      { signal: interruption.signal },
    );
    if (options.json) context.stdout.write(`${JSON.stringify(result)}\n`);
    else {
      context.stdout.write(
        result.text.endsWith('\n') || result.text === '' ? result.text : `${result.text}\n`,
      );
      const note = describeResult(result).trim();
      if (note !== '') context.stderr.write(`codexpc: ${name} ${note}\n`);
    }
    return interruption.exitCode ?? EXIT_CODES[result.status];
  } finally {
    await runner.close();
    interruption.dispose();
  }
};

const EXIT_CODES = {
  ok: EXIT.ok,
  failed: EXIT.unhealthy,
  timed_out: EXIT.unhealthy,
  capped: EXIT.unhealthy,
  refused: EXIT.mistake,
  invalid_arguments: EXIT.mistake,
  crashed: EXIT.systemFailure,
  cancelled: EXIT.interrupted,
} as const;

const findTool = async (config: CliConfig, name: string): Promise<{ readonly tool: ToolReport }> => {
  const { inspectTools } = await loadInspection();
  const tools = inspectTools(config, config.paths.stateFolder);
  const tool = tools.find((other) => other.name === name);
  if (tool === undefined)
    throw new UsageError(
      `there is no tool ${JSON.stringify(name)}; there are ${tools.map((other) => other.name).join(', ')}.`,
    );
  return { tool };
};

const notAllowed = ({ name, by }: ToolReport, { file }: CliConfig): CodexpcError =>
  new CodexpcError({
    code: 'invalid_request',
    message: `The tool ${name} is not allowed (${by}). Set tools.${name}.enabled = true in ${file}, or CODEXPC_ALLOW_TOOLS=1 and CODEXPC_ALLOWED_TOOLS=${name}.`,
    details: { tool: name, by },
  });

const describe = (tool: ToolReport): string => {
  const { name, description, parameters, grammar, isAllowed, by, needsSandbox, workFolder, settings } = tool;
  const { limits, readFolders, network, sandbox, command } = settings;
  const rows: ReadonlyArray<readonly [string, string]> = [
    ['name', name],
    ['allowed', `${isAllowed ? 'yes' : 'no'} (${by})`],
    ...(command === null ? [] : [['command', JSON.stringify(command.argv)] as const]),
    ['time', `${formatDuration(limits.wallMs)}, CPU ${formatDuration(limits.cpuMs)}`],
    ['output', formatBytes(limits.outputBytes)],
    ['work folder', workFolder],
    ...(sandbox === 'none' ? [['sandbox', 'none: it may do all that you may do'] as const] : []),
    ...(sandbox === 'none' || readFolders.length === 0
      ? []
      : [['also reads', readFolders.join(', ')] as const]),
    ...(needsSandbox
      ? [
          ['sandbox', 'required'] as const,
          ['network', network ? 'yes' : 'no'] as const,
          ['memory', formatBytes(limits.memoryBytes)] as const,
          ['processes', String(limits.processes)] as const,
        ]
      : []),
  ];
  const form = grammar === null ? 'a text' : `a text of this Lark grammar:\n\n${grammar.trim()}`;
  const schema = parameters === null ? form : JSON.stringify(parameters, null, 2);
  return `${rows.map(([label, value]) => `${label.padEnd(13)}${value}`).join('\n')}\n\n${harmless(description)}\n\nArguments: ${schema}\n`;
};
