// The sessions that are open, by request id, and what has become of all before them.

import { fromCallback } from 'xstate';
import type { CallbackActorLogic } from 'xstate';
import type { CancelReason, SessionPhase } from '../machines/session.js';
import type { SessionsCommand } from '../machines/supervisor.js';
import type { Session, SessionSummary } from './session.js';

export interface SessionCounts {
  /** Accepted and not yet begun by the engine. */
  readonly waiting: number;
  readonly running: number;
  readonly awaitingTool: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  /** Guessed ahead, and how many of them came true. */
  readonly draftedTokens: number;
  readonly acceptedTokens: number;
  /** By name. */
  readonly repairs: Readonly<Record<string, number>>;
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
  /** Of the last answers, waiting included; 0 before the first. */
  readonly meanDurationMs: number;
}

export interface Sessions {
  /** Answers the supervisor's commands for as long as the daemon runs. */
  readonly logic: CallbackActorLogic<SessionsCommand>;
  add(session: Session): void;
  remove(summary: SessionSummary): void;
  find(requestId: string): Session | undefined;
  counts(): SessionCounts;
  /** Told of every session that ends. */
  observe(observer: (summary: SessionSummary) => void): void;
}

const WAITING: readonly SessionPhase[] = ['preparing', 'queued'];
/** Weight of the newest answer in the means. */
const SMOOTHING = 0.3;

export const createSessions = (): Sessions => {
  const open = new Map<string, Session>();
  const totals = {
    completed: 0,
    failed: 0,
    cancelled: 0,
    inputTokens: 0,
    cachedInputTokens: 0,
    outputTokens: 0,
    draftedTokens: 0,
    acceptedTokens: 0,
  };
  const repairs: Record<string, number> = {};
  const means = { prefillTokensPerSecond: 0, decodeTokensPerSecond: 0, meanDurationMs: 0 };
  const observers: ((summary: SessionSummary) => void)[] = [];
  let onDrained: (() => void) | null = null;

  const smooth = (key: keyof typeof means, value: number): void => {
    if (value > 0) means[key] = means[key] === 0 ? value : means[key] + SMOOTHING * (value - means[key]);
  };

  const tellWaiting = (): void => {
    [...open.values()]
      .filter((session) => WAITING.includes(session.phase()))
      .forEach((session, index) => session.tellAhead(index));
  };

  const cancelAll = (reason: CancelReason): void =>
    [...open.values()].forEach((session) => session.cancel(reason));

  const tellWhenDrained = (): void => {
    if (open.size === 0) onDrained?.();
  };

  return {
    logic: fromCallback(({ sendBack, receive }) => {
      receive((command) => {
        if (command.type === 'sessions.cancel') {
          cancelAll('shutdown');
          return;
        }
        onDrained = () => sendBack({ type: 'sessions.drained' });
        tellWhenDrained();
      });
      return () => cancelAll('shutdown');
    }),
    add: (session) => void open.set(session.requestId, session),
    remove: (summary) => {
      open.delete(summary.requestId);
      const { outcome } = summary;
      const wasCancelled =
        outcome.type === 'completed' && ['cancelled', 'deadline'].includes(outcome.finishReason);
      totals[outcome.type === 'failed' ? 'failed' : wasCancelled ? 'cancelled' : 'completed'] += 1;
      totals.inputTokens += summary.inputTokens;
      totals.cachedInputTokens += summary.cachedInputTokens;
      totals.outputTokens += summary.outputTokens;
      totals.draftedTokens += summary.draftedTokens;
      totals.acceptedTokens += summary.acceptedTokens;
      for (const [name, count] of Object.entries(summary.repairs))
        repairs[name] = (repairs[name] ?? 0) + count;
      smooth('prefillTokensPerSecond', summary.prefillTokensPerSecond);
      smooth('decodeTokensPerSecond', summary.decodeTokensPerSecond);
      smooth('meanDurationMs', summary.totalMs);
      observers.forEach((observer) => observer(summary));
      tellWaiting();
      tellWhenDrained();
    },
    observe: (observer) => void observers.push(observer),
    find: (requestId) => open.get(requestId),
    counts: () => {
      const phases = [...open.values()].map((session) => session.phase());
      const waiting = phases.filter((phase) => WAITING.includes(phase)).length;
      const awaitingTool = phases.filter(
        (phase) => phase === 'runningTool' || phase === 'awaitingTool',
      ).length;
      return {
        ...totals,
        ...means,
        repairs: { ...repairs },
        waiting,
        awaitingTool,
        running: phases.length - waiting - awaitingTool,
      };
    },
  };
};
