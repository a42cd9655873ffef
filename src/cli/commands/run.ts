import { repeated } from '../option-parsers.js';
import { type DefineCommand, examples, type SharedOptions, withSharedOptions } from './invocation.js';
import { answerOptions, withAnswerOptions } from './sampling-options.js';

interface RunFlags extends SharedOptions {
  readonly prompt?: string;
  readonly file?: string;
  readonly tool?: readonly string[];
  readonly tools: boolean;
  readonly toolOutput?: readonly string[];
  readonly json?: boolean;
}

export const defineRun: DefineCommand = (program, { context, finish }) => {
  const command = program
    .command('run')
    .summary('answer one prompt')
    .description(
      'Answers one prompt and prints the final text. Reads standard input when no prompt is given.\n' +
        'Uses the daemon when there is one, else loads the model in this process.',
    )
    .argument('[prompt...]', 'the prompt; - stands for standard input')
    .option('-p, --prompt <text>', 'the prompt, as an option')
    .option('-f, --file <file>', 'read the prompt from a file, after the other words if there are any')
    .option('--tool <json|file>', 'a function the model may call; can be repeated', repeated)
    .option('--tool-output <name=text>', 'answers calls of a function; can be repeated', repeated)
    .option('--no-tools', "offer the model none of the daemon's own tools")
    .option('--json', 'print events as JSON lines');
  withSharedOptions(withAnswerOptions(command))
    .addHelpText(
      'after',
      examples(
        ['codexpc run "What is 17 + 25?"', 'one answer'],
        ['codexpc run --show-reasoning -r high "…"', 'think longer, and show it'],
        ['git diff | codexpc run "Explain:" -', 'a prompt and what is piped in'],
        ['codexpc run -f notes.txt -n 200', 'a prompt from a file, a short answer'],
        ['codexpc run -t 0 --json "Hi" | jq .type', 'repeatable, for scripts'],
      ),
    )
    .action(async (words: readonly string[], flags: RunFlags & Parameters<typeof answerOptions>[0]) => {
      const { run } = await import('../run/run.js');
      finish(
        await run(context, {
          ...answerOptions(flags),
          words: flags.prompt === undefined ? words : [flags.prompt, ...words],
          file: flags.file ?? null,
          tools: flags.tool ?? [],
          toolOutputs: flags.toolOutput ?? [],
          daemonTools: flags.tools,
          json: flags.json ?? false,
          config: flags.config,
          socket: flags.socket,
          transport: flags.transport,
          verbose: flags.verbose ?? false,
        }),
      );
    });
};
