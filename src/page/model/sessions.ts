// A request's life: its phases one after the other, the Harmony messages of its prompts and answers, what was repaired.

import type { WatchEvent } from '../../ipc/protocol.js';

type Transition = Extract<WatchEvent, { kind: 'actor.transition' }>;
type MessageEvent = Extract<WatchEvent, { kind: 'message' }>;
type Repaired = Extract<WatchEvent, { kind: 'repaired' }>;

export interface SessionEntry {
  readonly requestId: string;
  /** Its session's actor. */
  readonly actor: string;
  readonly startedAt: number;
  /** Null: it goes on. */
  readonly endedAt: number | null;
  readonly spans: readonly Span[];
  readonly messages: readonly MessageEntry[];
  readonly repairs: readonly Repaired[];
  readonly outputTokens: number;
}

export type Phase = 'preparing' | 'queued' | 'prefill' | 'decode' | 'paused' | 'tools' | 'end';

export interface Span {
  readonly phase: Phase;
  /** The state that it stands for, in the machine's words. */
  readonly state: string;
  readonly from: number;
  /** Null: it goes on. */
  readonly to: number | null;
}

export interface MessageEntry {
  readonly index: number;
  readonly source: MessageEvent['source'];
  readonly channel: string | null;
  readonly recipient: string | null;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly numTokens: number;
  /** Null: texts do not come with this stream, or none has come yet. */
  readonly text: string | null;
  readonly tokens: readonly number[];
}

export type Sessions = ReadonlyMap<string, SessionEntry>;

/** Of one message; what a model writes can be long. */
const MAX_TEXT_CHARS = 20_000;
const MAX_TOKENS = 4_000;

interface Started {
  readonly actor: string;
  readonly machine: string;
  readonly requestId: string | null;
  readonly at: number;
  readonly states: readonly string[];
}

export const sessionStarted = (
  sessions: Sessions,
  { actor, machine, requestId, at, states }: Started,
): Sessions => {
  if (machine !== 'session' || requestId === null || sessions.get(requestId)?.actor === actor)
    return sessions;
  return new Map(sessions).set(requestId, {
    requestId,
    actor,
    startedAt: at,
    endedAt: null,
    spans: [spanOf(states, at)],
    messages: [],
    repairs: [],
    outputTokens: 0,
  });
};

export const sessionEnded = (
  sessions: Sessions,
  { machine, requestId }: { readonly machine: string; readonly requestId: string | null },
  at: number,
): Sessions => {
  const session = machine === 'session' && requestId !== null ? sessions.get(requestId) : undefined;
  if (session === undefined || session.endedAt !== null) return sessions;
  return new Map(sessions).set(session.requestId, {
    ...session,
    endedAt: at,
    spans: session.spans.map((span) => (span.to === null ? { ...span, to: at } : span)),
  });
};

export const applyToSessions = (
  sessions: Sessions,
  event: Transition | MessageEvent | Repaired,
  actor: { readonly machine: string; readonly requestId: string | null } | null,
): Sessions => {
  const requestId = event.kind === 'actor.transition' ? (actor?.requestId ?? null) : event.requestId;
  const session = requestId === null ? undefined : sessions.get(requestId);
  if (session === undefined) return sessions;
  const changed = applyToSession(session, event, actor?.machine ?? 'session');
  return changed === session ? sessions : new Map(sessions).set(session.requestId, changed);
};

const applyToSession = (
  session: SessionEntry,
  event: Transition | MessageEvent | Repaired,
  machine: string,
): SessionEntry => {
  switch (event.kind) {
    case 'actor.transition':
      return machine === 'session' ? moveTo(session, event) : session;
    case 'message':
      return withMessage(session, event);
    case 'repaired':
      return { ...session, repairs: [...session.repairs, event] };
  }
};

const moveTo = (session: SessionEntry, { at, to }: Transition): SessionEntry => {
  const last = session.spans.at(-1);
  const next = spanOf(to, at);
  if (last?.state === next.state && last.to === null) return session;
  const ended = session.spans.map((span) => (span.to === null ? { ...span, to: at } : span));
  return { ...session, spans: [...ended, next] };
};

const spanOf = (states: readonly string[], at: number): Span => {
  const state = states.join(' ');
  const phase = phaseOf(state);
  return { phase, state, from: at, to: phase === 'end' ? at : null };
};

const PHASES: ReadonlyArray<readonly [string, Phase]> = [
  ['preparing', 'preparing'],
  ['queued', 'queued'],
  ['prefilling', 'prefill'],
  ['paused', 'paused'],
  ['decoding', 'decode'],
  ['callingTools', 'tools'],
];

/** In the words of the session's machine (src/machines/session.ts). */
const phaseOf = (state: string): Phase =>
  PHASES.find(([part]) => state.split('.').includes(part))?.[1] ?? 'end';

const withMessage = (session: SessionEntry, event: MessageEvent): SessionEntry => {
  const { at, index, source, channel, recipient, phase, numTokens, text, tokens } = event;
  const known = session.messages.find((message) => message.index === index);
  const before: MessageEntry = known ?? {
    index,
    source,
    channel,
    recipient,
    startedAt: at,
    endedAt: null,
    numTokens: 0,
    text: null,
    tokens: [],
  };
  const message: MessageEntry = {
    ...before,
    channel: channel ?? before.channel,
    recipient: recipient ?? before.recipient,
    endedAt: phase === 'done' ? at : before.endedAt,
    numTokens: before.numTokens + numTokens,
    text: text === null ? before.text : ((before.text ?? '') + text).slice(0, MAX_TEXT_CHARS),
    tokens: tokens === null ? before.tokens : [...before.tokens, ...tokens].slice(0, MAX_TOKENS),
  };
  return {
    ...session,
    outputTokens: session.outputTokens + (source === 'output' ? numTokens : 0),
    messages:
      known === undefined
        ? [...session.messages, message]
        : session.messages.map((other) => (other.index === index ? message : other)),
  };
};
