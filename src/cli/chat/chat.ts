// `codexpc chat`: turns in, answers out, one conversation. What fails ends the turn, not the chat.

import { type Client, Conversation } from '../../client/index.js';
import { CodexpcError } from '../../errors.js';
import type { ReasoningEffort } from '../../ipc/protocol.js';
import { type ConfigFlags, loadCliConfig } from '../cli-config.js';
import type { AnswerOptions } from '../commands/sampling-options.js';
import type { CliContext } from '../context.js';
import { EXIT, exitCodeOf } from '../exit-codes.js';
import { Interrupted, Interruption } from '../interruption.js';
import { openSession } from '../open-session.js';
import { Output, PipeClosed } from '../output.js';
import { describeError } from '../report-error.js';
import { printEvents } from '../run/print-events.js';
import { summarize } from '../run/summary.js';
import { paintFor } from '../terminal-text.js';
import { today } from '../today.js';
import { collecting } from './collecting.js';
import { CHAT_HELP, parseChatCommand } from './chat-command.js';
import { historyFile, readHistory, writeHistory } from './history-file.js';
import { pipedTurns, terminalTurns, type TurnSource } from './read-turns.js';

export type ChatOptions = AnswerOptions & ConfigFlags & { readonly verbose: boolean };

export const chat = async (context: CliContext, options: ChatOptions): Promise<number> => {
  const config = loadCliConfig(context, options);
  const interruption = new Interruption(context);
  let session;
  try {
    session = await interruption.race(openSession(context, config, options));
  } catch (error) {
    if (error instanceof Interrupted) return interruption.exitCode ?? EXIT.interrupted;
    throw error;
  } finally {
    interruption.dispose();
  }
  const interactive = context.stdin.isTTY === true && context.stdout.isTTY === true;
  const file = historyFile(config.paths.stateFolder);
  const turns = interactive
    ? terminalTurns(context, readHistory(file), (lines) => writeHistory(file, lines))
    : pipedTurns(context);
  if (interactive)
    context.stderr.write(
      `${paintFor(context.stderr, context.env).dim('/help tells what one can do here')}\n`,
    );
  try {
    return await new Chat(context, options, session.client, turns, interactive).converse();
  } catch (error) {
    if (error instanceof PipeClosed) return EXIT.pipeClosed;
    throw error;
  } finally {
    turns.close();
    await session.close();
  }
};

class Chat {
  readonly #output: Output;
  readonly #date = today();
  #conversation: Conversation;
  #effort: ReasoningEffort;
  #showReasoning: boolean;
  #exitCode: number = EXIT.ok;

  constructor(
    readonly context: CliContext,
    readonly options: ChatOptions,
    readonly client: Client,
    readonly turns: TurnSource,
    readonly interactive: boolean,
  ) {
    this.#output = new Output(context.stdout);
    this.#conversation = this.#begin();
    this.#effort = options.reasoning;
    this.#showReasoning = options.showReasoning;
  }

  async converse(): Promise<number> {
    let leaving = false; // Ctrl-C was the last thing that happened: another one leaves
    for (;;) {
      const turn = await this.#nextTurn();
      if (turn.kind === 'end') {
        if (this.interactive) this.context.stdout.write('\n');
        return this.#exitCode;
      }
      if (turn.kind === 'interrupted') {
        if (leaving) return EXIT.ok;
        leaving = !turn.typed;
        if (leaving) this.#note('Ctrl-C again leaves');
        continue;
      }
      leaving = false;
      if (turn.text.trim() === '') continue;
      const command = this.interactive ? parseChatCommand(turn.text) : null;
      if (command === null) leaving = await this.#answer(turn.text.replace(/^\/\//, '/'));
      else if (command.kind === 'exit') return EXIT.ok;
      else this.#obey(command);
    }
  }

  /** One turn; a line that ends in a backslash goes on. */
  async #nextTurn() {
    const lines: string[] = [];
    for (;;) {
      const turn = await this.turns.next(lines.length === 0 ? '> ' : '… ');
      if (turn.kind !== 'line')
        return lines.length > 0 && turn.kind === 'end'
          ? { ...turn, kind: 'line' as const, text: lines.join('\n') }
          : turn;
      if (!turn.text.endsWith('\\') || !this.interactive)
        return { ...turn, text: [...lines, turn.text].join('\n') };
      lines.push(turn.text.slice(0, -1));
    }
  }

  /** True when it was stopped by Ctrl-C. */
  async #answer(prompt: string): Promise<boolean> {
    const interruption = new Interruption(this.context);
    try {
      const asked = this.#conversation.user(prompt);
      const response = await this.client.respond(
        {
          ...asked.request(),
          checkpoint: this.options.checkpoint,
          reasoningEffort: this.#effort,
          maxTokens: this.options.maxTokens,
          deadlineMs: this.options.deadlineMs,
          sampling: this.options.sampling,
          currentDate: this.#date,
          include: this.#showReasoning ? ['reasoning'] : [],
        },
        { signal: interruption.signal },
      );
      const kept = collecting(response);
      const completed = await printEvents(kept.events, this.#output, this.context, {
        showReasoning: this.#showReasoning,
      });
      this.#conversation = asked.answer({ items: kept.items });
      if (!this.options.quiet) this.#note(summarize(completed));
      if (!this.interactive && interruption.exitCode !== null) this.#exitCode = interruption.exitCode;
      return interruption.exitCode !== null;
    } catch (error) {
      if (error instanceof Interrupted) return true;
      if (!(error instanceof CodexpcError)) throw error;
      this.context.stderr.write(describeError(error, this.options.verbose));
      if (!this.interactive) this.#exitCode = exitCodeOf(error);
      return false;
    } finally {
      interruption.dispose();
    }
  }

  #obey(command: Exclude<ReturnType<typeof parseChatCommand>, null>): void {
    switch (command.kind) {
      case 'new':
        this.#conversation = this.#begin();
        return this.#note('a new conversation');
      case 'reasoning':
        this.#effort = command.effort;
        return this.#note(`reasoning effort: ${command.effort}`);
      case 'show':
        this.#showReasoning = !this.#showReasoning;
        return this.#note(this.#showReasoning ? 'the analysis is shown' : 'the analysis is hidden');
      case 'help':
        this.context.stderr.write(CHAT_HELP);
        return;
      case 'unknown':
        return this.#note(command.text);
      case 'exit':
    }
  }

  #begin(): Conversation {
    return Conversation.empty.instructions(this.options.instructions ?? '');
  }

  #note(text: string): void {
    this.context.stderr.write(`${paintFor(this.context.stderr, this.context.env).dim(text)}\n`);
  }
}
