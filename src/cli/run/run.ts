// `codexpc run`: one prompt, one answer.

import type { ClientTool } from '../../client/index.js';
import type { Completed, ReasoningEffort, Sampling } from '../../ipc/protocol.js';
import { type ConfigFlags, loadCliConfig } from '../cli-config.js';
import type { CliContext } from '../context.js';
import { EXIT, UsageError } from '../exit-codes.js';
import { Interrupted, Interruption } from '../interruption.js';
import { openSession, type Session } from '../open-session.js';
import { Output, PipeClosed } from '../output.js';
import { paintFor } from '../terminal-text.js';
import { today } from '../today.js';
import { parseTool, parseToolOutput } from './declared-tools.js';
import { printEvents } from './print-events.js';
import { printJson } from './print-json.js';
import { readPrompt } from './read-prompt.js';
import { summarize } from './summary.js';

export interface RunOptions extends ConfigFlags {
  readonly words: readonly string[];
  readonly file: string | null;
  readonly checkpoint: string | null;
  readonly instructions: string | null;
  readonly reasoning: ReasoningEffort;
  readonly maxTokens: number | null;
  readonly deadlineMs: number | null;
  readonly sampling: Partial<Sampling>;
  readonly tools: readonly string[];
  readonly toolOutputs: readonly string[];
  readonly daemonTools: boolean;
  readonly json: boolean;
  readonly showReasoning: boolean;
  readonly quiet: boolean;
  readonly inProcess: boolean;
  readonly verbose: boolean;
}

export const run = async (context: CliContext, options: RunOptions): Promise<number> => {
  const config = loadCliConfig(context, options);
  const tools = clientTools(options);
  const prompt = await readPrompt({ words: options.words, file: options.file, stdin: () => context.stdin });

  const interruption = new Interruption(context);
  try {
    const session = await interruption.race(openSession(context, config, options));
    try {
      const completed = await answer(context, options, { session, prompt, tools, interruption });
      return interruption.exitCode ?? (UNFINISHED.has(completed.finishReason) ? EXIT.busy : EXIT.ok);
    } finally {
      await session.close();
    }
  } catch (error) {
    if (error instanceof PipeClosed) return EXIT.pipeClosed;
    if (error instanceof Interrupted) return interruption.exitCode ?? EXIT.interrupted;
    throw error;
  } finally {
    interruption.dispose();
  }
};

interface Work {
  readonly session: Session;
  readonly prompt: string;
  readonly tools: readonly ClientTool[];
  readonly interruption: Interruption;
}

const answer = async (
  context: CliContext,
  options: RunOptions,
  { session, prompt, tools, interruption }: Work,
): Promise<Completed> => {
  const { Conversation } = await import('../../client/index.js');
  const conversation = tools
    .reduce((all, tool) => all.tool(tool), Conversation.empty)
    .instructions(options.instructions ?? '')
    .user(prompt);
  const response = await session.client.respond(
    {
      ...conversation.request(),
      checkpoint: options.checkpoint,
      reasoningEffort: options.reasoning,
      maxTokens: options.maxTokens,
      deadlineMs: options.deadlineMs,
      sampling: options.sampling,
      daemonTools: options.daemonTools,
      currentDate: today(),
      include: options.showReasoning || options.json ? ['reasoning'] : [],
    },
    { signal: interruption.signal },
  );
  const output = new Output(context.stdout);
  const completed = options.json
    ? await printJson(response, output)
    : await printEvents(response, output, context, options);
  await output.flush();
  if (!options.json && !options.quiet) {
    const { dim } = paintFor(context.stderr, context.env);
    context.stderr.write(`${dim(summarize(completed))}\n`);
  }
  return completed;
};

/** Ended by something else than the model, the token limit or this user. */
const UNFINISHED: ReadonlySet<string> = new Set(['cancelled', 'deadline']);

const clientTools = ({ tools, toolOutputs }: RunOptions): ClientTool[] => {
  const outputs = new Map(toolOutputs.map(parseToolOutput));
  const declared = tools.flatMap(parseTool);
  const unanswered = declared.filter(({ name }) => !outputs.has(name)).map(({ name }) => name);
  const unknown = [...outputs.keys()].find((name) => !declared.some((tool) => tool.name === name));
  if (unknown !== undefined)
    throw new UsageError(`--tool-output answers ${unknown}, but no --tool declares it.`);
  if (outputs.size > 0 && unanswered.length > 0) {
    throw new UsageError(
      `give --tool-output for every tool or for none; it is missing for ${unanswered.join(', ')}.`,
    );
  }
  return declared.map((tool) => {
    const output = outputs.get(tool.name);
    return output === undefined ? tool : { ...tool, handler: () => output };
  });
};
