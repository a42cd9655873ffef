// The `python` tool: each session's calls, one after the other, in the session's Python process.

import { type CallbackActorLogic, fromCallback } from 'xstate';
import type { ToolWorkCommand } from '../../../machines/tool-call.js';
import { MAX_ARGUMENTS_BYTES, tooLarge } from '../check-arguments.js';
import type { ToolLimits } from '../tool.js';
import {
  createPythonSession,
  type PythonSession,
  type PythonSessionOptions,
  type RunningCell,
} from './python-session.js';

export interface PythonSessions {
  work(call: PythonCall): CallbackActorLogic<ToolWorkCommand>;
  endSession(sessionId: string): Promise<void>;
  close(): Promise<void>;
}

export interface PythonCall {
  readonly sessionId: string;
  /** The code itself, or JSON with it: models write both. */
  readonly text: string;
  readonly limits: ToolLimits;
  /** Used when the session has no process yet. */
  readonly options: PythonSessionOptions;
}

interface Entry {
  readonly session: PythonSession;
  /** Settles when the calls so far have ended. */
  turn: Promise<void>;
}

export const createPythonSessions = (): PythonSessions => {
  const entries = new Map<string, Entry>();
  const end = async (sessionId: string): Promise<void> => {
    const entry = entries.get(sessionId);
    entries.delete(sessionId);
    await entry?.session.close();
  };

  return {
    work: ({ sessionId, text, limits, options }) =>
      fromCallback<ToolWorkCommand>(({ sendBack, receive }) => {
        const numBytes = Buffer.byteLength(text);
        if (numBytes > MAX_ARGUMENTS_BYTES) {
          sendBack({ type: 'work.started' });
          sendBack({ type: 'arguments.invalid', reason: tooLarge(numBytes) });
          return;
        }
        let entry = entries.get(sessionId);
        if (entry === undefined) {
          entry = { session: createPythonSession(options), turn: Promise.resolve() };
          entries.set(sessionId, entry);
        }
        const { session, turn } = entry;
        let cell: RunningCell | null = null;
        let isOver = false;
        let release = (): void => {};
        entry.turn = new Promise((resolve) => (release = resolve));

        receive(({ type }) => {
          if (type === 'terminate') cell?.interrupt();
          else if (type === 'kill') cell?.kill();
          else {
            cell = session.run({
              code: codeOf(text),
              limits,
              onLimit: (limit) => sendBack({ type: 'limit.passed', limit }),
            });
            void cell.ended.then((ended) => {
              isOver = true;
              release();
              sendBack(
                ended.type === 'report'
                  ? { type: 'work.done', report: ended.report }
                  : { type: 'work.refused', reason: ended.reason },
              );
            });
          }
        });
        void turn.then(() => {
          if (isOver) return release(); // given up while it waited
          sendBack({ type: 'work.started' });
          sendBack({ type: 'arguments.valid', wallMs: null });
        });
        return () => {
          if (isOver) return;
          isOver = true;
          if (cell === null) void turn.then(release);
          else cell.kill(); // `ended` releases the turn
        };
      }),
    endSession: end,
    close: async () => {
      await Promise.all([...entries.keys()].map(end));
    },
  };
};

const codeOf = (text: string): string => {
  if (!/^\s*\{\s*"(?:code|input)"\s*:/.test(text)) return text;
  try {
    const fields = Object.values(JSON.parse(text) as Record<string, unknown>);
    return fields.length === 1 && typeof fields[0] === 'string' ? fields[0] : text;
  } catch {
    return text;
  }
};
