import type { Command } from 'commander';
import { type DefineCommand, examples, type SharedOptions, withSharedOptions } from './invocation.js';

type ToolFlags = SharedOptions & { json?: boolean };

const flagsOf = (flags: ToolFlags) => ({ ...flags, json: flags.json ?? false });

export const defineTools: DefineCommand = (program, { context, finish }) => {
  const tools = program.command('tools').summary('list, describe and try the tools the daemon can run');
  const option = (command: Command): Command =>
    withSharedOptions(command.option('--json', 'print the answer as JSON'));

  option(
    tools
      .command('list', { isDefault: true })
      .description('Lists the tools, and what allows each of them or keeps it out.'),
  ).action(async (flags: ToolFlags) => {
    const { listTools } = await import('../tools/tools.js');
    finish(await listTools(context, flagsOf(flags)));
  });
  option(
    tools.command('describe').description('Shows what a tool does, may do and takes.').argument('<name>'),
  ).action(async (name: string, flags: ToolFlags) => {
    const { describeTool } = await import('../tools/tools.js');
    finish(await describeTool(context, name, flagsOf(flags)));
  });
  option(
    tools
      .command('run')
      .description(
        'Runs one call of a tool that is allowed, as the daemon would for the model.\n' +
          'Exit codes: 0 done, 1 the tool failed or met a limit, 100 refused or bad arguments.',
      )
      .argument('<name>')
      .option('--args <json>', 'the arguments, or the text; - stands for standard input'),
  ).action(async (name: string, flags: ToolFlags & { args?: string }) => {
    const { runTool } = await import('../tools/tools.js');
    finish(await runTool(context, name, { ...flagsOf(flags), args: flags.args ?? null }));
  });
  tools.addHelpText(
    'after',
    examples(
      ['codexpc tools', 'what there is, and what is allowed'],
      ['codexpc tools describe shell', 'what it may do'],
      [`codexpc tools run clock --args '{"timezone":"UTC"}'`, 'try one'],
    ),
  );
};
