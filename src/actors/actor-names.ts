// What actors that are roots of their own are called, so that the debug view can tell beneath which they work.

export const SUPERVISOR = 'supervisor';

export const sessionActorId = (requestId: string): string => `session:${requestId}`;

export const toolCallActorId = (sessionId: string, callId: string): string =>
  `toolCall:${sessionId}/${callId}`;

/** Id of the actor above a root; null: it is the uppermost. */
export const parentIdOf = (machine: string, id: string): string | null => {
  if (machine === SUPERVISOR) return null;
  const session = /^toolCall:(.*)\/[^/]*$/.exec(id)?.[1];
  return session === undefined ? SUPERVISOR : sessionActorId(session);
};

/** Id of the response that an actor works for; null: for none. */
export const requestIdOf = (id: string): string | null =>
  /^session:(.*)$/.exec(id)?.[1] ?? /^toolCall:(.*)\/[^/]*$/.exec(id)?.[1] ?? null;
