// Answers the calls of one round that are the daemon's: runs them one after the other, as the model wrote them, or tells
// the model why they are not run. The session machine says when, and when to stop.

import type { InspectionEvent } from 'xstate';
import type { ToolResult } from '../ipc/protocol.js';
import type { ToolRefusal } from '../machines/session.js';
import type { Call } from './decoder-stage.js';
import type { ToolRunner } from './tools/tool.js';

export interface ToolRoundOptions {
  readonly calls: readonly Call[];
  readonly refusal: ToolRefusal | null;
  /** Names of the tools that the model may call, for its own corrections. */
  readonly toolNames: readonly string[];
  readonly sessionId: string;
  readonly runner: Pick<ToolRunner, 'run'>;
  readonly inspect: (event: InspectionEvent) => void;
  readonly onAnswered: (answer: ToolAnswer) => void;
}

export interface ToolAnswer {
  readonly call: Call;
  readonly output: string;
  readonly result: ToolResult;
}

export interface RunningToolRound {
  /** No more time: what runs is aborted, and all that is left is answered at once. */
  stop(): void;
  /** Nothing is answered any more. */
  abort(): void;
}

export const startToolRound = (options: ToolRoundOptions): RunningToolRound => {
  const { calls, runner, sessionId } = options;
  const aborter = new AbortController();
  let refusal = options.refusal;
  let isOver = false;

  const answerOf = async (call: Call): Promise<ToolAnswer> => {
    const reason = reasonAgainst(call, refusal, options.toolNames);
    if (reason !== null) return { call, output: reason, result: NOT_RUN };
    const { callId, name } = call;
    const { text, isTruncated, ...result } = await runner.run(
      { callId, name, arguments: call.arguments, sessionId },
      { signal: aborter.signal, inspect: options.inspect },
    );
    const wasStopped = result.status === 'cancelled' && refusal !== null;
    return {
      call,
      output: wasStopped
        ? `${name} was stopped after ${Math.round(result.durationMs)} ms. ${REFUSALS.time_spent}`
        : text,
      result: { ...result, status: wasStopped ? 'timed_out' : result.status, truncated: isTruncated },
    };
  };

  const answerAll = async (): Promise<void> => {
    for (const call of calls) {
      const answer = await answerOf(call);
      if (isOver) return;
      options.onAnswered(answer);
    }
  };

  void answerAll(); // a runner never rejects
  return {
    stop: () => {
      refusal = 'time_spent';
      aborter.abort();
    },
    abort: () => {
      isOver = true;
      aborter.abort();
    },
  };
};

const NOT_RUN: ToolResult = {
  status: 'refused',
  exitCode: null,
  signal: null,
  durationMs: 0,
  outputBytes: 0,
  truncated: false,
};

const REFUSALS: Readonly<Record<ToolRefusal, string>> = {
  rounds_spent: 'No more tools may be called for this answer. Answer now with what you have.',
  time_spent: 'The time for tools in this answer is over. Answer now with what you have.',
};

/** Null: it may be run. */
const reasonAgainst = (
  { name, recipient, isDeclared, isGuessed }: Call,
  refusal: ToolRefusal | null,
  toolNames: readonly string[],
): string | null => {
  if (!isDeclared) {
    const offer =
      toolNames.length === 0
        ? 'There are no tools; answer without.'
        : `The tools are: ${toolNames.join(', ')}.`;
    return `There is no tool ${recipient}, so nothing was run. ${offer}`;
  }
  if (isGuessed)
    return `This call of ${name} was malformed, so it was not run. Write it again, to the exact name of the tool and with complete arguments.`;
  return refusal === null ? null : `${name} was not run. ${REFUSALS[refusal]}`;
};
