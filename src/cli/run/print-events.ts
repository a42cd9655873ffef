// Turns a response's events into what a person sees: final text and calls that this side has to answer on stdout;
// progress, analysis, what the daemon's own tools do, and figures on stderr.

import type { Completed, ResponseEvent } from '../../ipc/protocol.js';
import { fromWireError } from '../../ipc/protocol.js';
import type { CliContext } from '../context.js';
import type { Output } from '../output.js';
import { harmless, paintFor } from '../terminal-text.js';
import { describeToolItem, isDaemons } from './describe-tool-item.js';
import { createProgressLine } from './progress-line.js';

export interface PrintOptions {
  readonly showReasoning: boolean;
}

/**
 * Ends with the last event, or with the error that ended the response.
 * Text is awaited: a slow reader of stdout slows the stream, not this process's memory.
 */
export const printEvents = async (
  events: AsyncIterable<ResponseEvent>,
  output: Output,
  { stdout, stderr, env }: CliContext,
  { showReasoning }: PrintOptions,
): Promise<Completed> => {
  const progress = createProgressLine(stderr);
  const paint = paintFor(stderr, env);
  const visible = (text: string): string => (stdout.isTTY === true ? harmless(text) : text);
  let lastOnStdout = '\n'; // so that each part begins on a line of its own
  let reasoningOpen = false;
  const closeReasoning = (): void => {
    if (reasoningOpen) stderr.write('\n\n');
    reasoningOpen = false;
  };
  const print = async (text: string): Promise<void> => {
    if (text === '') return;
    progress.clear();
    closeReasoning();
    lastOnStdout = text.at(-1) ?? lastOnStdout;
    await output.write(visible(text));
  };
  const note = (line: string): void => {
    progress.clear();
    closeReasoning();
    stderr.write(`${paint.dim(harmless(line))}\n`);
  };
  const endLine = async (): Promise<void> => {
    if (lastOnStdout !== '\n') await print('\n');
  };

  try {
    for await (const event of events) {
      switch (event.type) {
        case 'progress':
          progress.show(event);
          break;
        case 'output_text.delta':
          if (event.channel === 'final') await print(event.text);
          break;
        case 'reasoning.delta':
          if (!showReasoning || event.text === '') break;
          progress.clear();
          reasoningOpen = true;
          stderr.write(paint.dim(harmless(event.text)));
          break;
        case 'output_item.done':
          if (event.item.kind === 'message') break; // its text has been streamed
          await endLine();
          if (isDaemons(event.item)) note(describeToolItem(event.item));
          else await print(`${describeToolItem(event.item)}\n`);
          break;
        case 'completed':
          await endLine();
          return event;
        case 'failed':
          await endLine();
          throw fromWireError(event.error);
        case 'created':
        case 'tool_call.arguments.delta':
        case 'tokens.delta':
          break;
      }
    }
  } finally {
    progress.clear();
    closeReasoning();
  }
  throw new Error('the response ended without a last event');
};
